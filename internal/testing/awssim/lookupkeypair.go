package awssim

import (
	"maps"
	"slices"
)

var keyPairLookup = lookup{
	actions: []string{"ec2:DescribeKeyPairs"},
	arguments: properties{
		"filters": filterArgument, "includePublicKey": {kind: flag}, "keyName": {kind: text}, "keyPairId": {kind: text}, "tags": {kind: textMap},
	},
	answer: func(c *Cloud, in values) (values, error) {
		for _, name := range slices.Sorted(maps.Keys(c.keyPairs)) {
			k := c.keyPairs[name]
			wanted, err := passes(in.blocks("filters"), k.attribute)
			if err != nil {
				return nil, err
			}
			if in.has("keyName") && in.text("keyName") != k.name || in.has("keyPairId") && in.text("keyPairId") != k.id || !wanted {
				continue
			}
			out := k.attributes(c)
			delete(out, "keyNamePrefix")
			out["id"], out["createTime"], out["tags"], out["filters"] = k.id, k.created, tagValues(k.tags), in["filters"]
			if out["includePublicKey"] = in["includePublicKey"]; !in.flag("includePublicKey") {
				out["publicKey"] = ""
			}
			return out, nil
		}
		return nil, refuseEC2("DescribeKeyPairs", "InvalidKeyPair.NotFound", "The key pair '%s' does not exist", in.text("keyName")+in.text("keyPairId"))
	},
}

func (k *keyPair) attribute(name string) ([]string, bool) {
	switch name {
	case "key-name":
		return []string{k.name}, true
	case "key-pair-id":
		return []string{k.id}, true
	case "fingerprint":
		return []string{k.fingerprint}, true
	}
	return nil, false
}
