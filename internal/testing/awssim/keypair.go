package awssim

import (
	"crypto/md5" // EC2 shows imported RSA keys by their MD5 fingerprint
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const keyPairToken = "aws:ec2/keyPair:KeyPair"

// keyPair is a public key that instances accept for SSH.
type keyPair struct {
	id, name, publicKey, kind, fingerprint, created string
	tags                                            map[string]string
}

var keyPairType = define(resourceType{
	token: keyPairToken, title: "EC2 Key Pair",
	source: "internal/service/ec2/ec2_key_pair.go",
	inputs: properties{
		"keyName":   {kind: text, replaces: true, computed: true},
		"publicKey": {kind: text, required: true, replaces: true},
	},
	outputs:  []string{"arn", "fingerprint", "keyNamePrefix", "keyPairId", "keyType"},
	refused:  []string{"keyNamePrefix"},
	tagged:   true,
	autoname: "keyName",
}, createKeyPair, updateKeyPair, deleteKeyPair)

func createKeyPair(t *call) (string, *keyPair, error) {
	const operation = "ImportKeyPair"
	name := t.in.text("keyName")
	if t.c.keyPairs[name] != nil {
		return "", nil, refuseEC2(operation, "InvalidKeyPair.Duplicate", "The keypair already exists")
	}
	k := &keyPair{name: name, publicKey: strings.TrimSpace(t.in.text("publicKey")), created: t.c.now(), tags: t.tags}
	if !k.parse() {
		return "", nil, refuseEC2(operation, "InvalidKey.Format", "Key is not in valid OpenSSH public key format")
	}
	k.id = t.c.newID("key", t.name)
	t.c.keyPairs[name] = k
	return name, k, nil
}

// parse reads the kind and fingerprint of an OpenSSH public key. EC2 takes RSA and Ed25519 keys.
func (k *keyPair) parse() bool {
	fields := strings.Fields(k.publicKey)
	if len(fields) < 2 {
		return false
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(blob) < 4 || !strings.HasPrefix(string(blob[4:]), fields[0]) {
		return false
	}
	switch fields[0] {
	case "ssh-rsa":
		sum := md5.Sum(blob)
		var pairs []string
		for _, b := range sum {
			pairs = append(pairs, hex.EncodeToString([]byte{b}))
		}
		k.kind, k.fingerprint = "rsa", strings.Join(pairs, ":")
	case "ssh-ed25519":
		sum := sha256.Sum256(blob)
		k.kind, k.fingerprint = "ed25519", base64.StdEncoding.EncodeToString(sum[:])
	default:
		return false
	}
	return true
}

func updateKeyPair(t *call, k *keyPair) error {
	k.tags = t.tags
	return nil
}

func deleteKeyPair(t *call, k *keyPair) error {
	delete(t.c.keyPairs, k.name)
	return nil
}

func (k *keyPair) attributes(c *Cloud) values {
	return values{
		"arn": c.arn("ec2", "key-pair/"+k.name), "keyName": k.name, "publicKey": k.publicKey, "keyPairId": k.id,
		"keyType": k.kind, "fingerprint": k.fingerprint, "keyNamePrefix": "",
	}
}
