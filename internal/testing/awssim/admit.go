package awssim

import (
	"crypto/sha256"
	"encoding/hex"
)

// admit checks a program's inputs and completes them as the provider does: a name made from the logical one when none
// is given, and defaults. The old inputs, if any, keep a name that was made before.
func (rt *resourceType) admit(logicalName string, in, old values, seed []byte) (values, []Problem) {
	out := in.copy()
	delete(out, "__defaults")
	if key := rt.autoname; key != "" {
		if _, given := out[key]; !given {
			if before := old.text(key); before != "" {
				out[key] = before
			} else {
				out[key] = rt.proposal(logicalName, seed)
			}
		}
	}
	out = rt.inputs.filled(out)
	return out, rt.problems(out)
}

// proposal is the logical name and seven hexadecimal digits, as Pulumi names things.
func (rt *resourceType) proposal(logicalName string, seed []byte) string {
	sum := sha256.Sum256(append([]byte(rt.token+"/"+logicalName+"/"), seed...))
	name := logicalName + "-" + hex.EncodeToString(sum[:])[:7]
	if rt.autonamed != nil {
		name = rt.autonamed(name)
	}
	return name
}
