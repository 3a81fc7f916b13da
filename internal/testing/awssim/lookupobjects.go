package awssim

import "cmp"

// objectsLookup lists the keys of a bucket in order, the first maxKeys of them
// (internal/service/s3/objects_data_source.go).
var objectsLookup = lookup{
	actions:   []string{"s3:ListBucket"},
	arguments: properties{"bucket": {kind: text, required: true}, "prefix": {kind: text}, "maxKeys": {kind: whole}},
	answer: func(c *Cloud, in values) (values, error) {
		keys, err := c.listObjects(in.text("bucket"), in.text("prefix"))
		if err != nil {
			return nil, err
		}
		keys = keys[:min(len(keys), cmp.Or(in.whole("maxKeys"), 1000))]
		out := in.copy()
		out["id"], out["keys"], out["commonPrefixes"], out["owners"] = in.text("bucket"), anyList(keys), []any{}, []any{}
		out["requestCharged"] = ""
		return out, nil
	},
}
