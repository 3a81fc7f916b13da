package awssim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// stream gives bytes that depend on a text alone: the simulated random resources are the same in every run.
func stream(seed string, n int) []byte {
	var out []byte
	for i := 0; len(out) < n; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", seed, i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// randomResource stands for the pulumi-random provider.
func randomResource(r Registration) (string, resource.PropertyMap, error) {
	in := fromPropertyMap(r.Inputs)
	out := in.copy()
	seed := r.Type + "/" + r.Name
	var id string
	var secrets []resource.PropertyKey
	switch r.Type {
	case "random:index/randomPassword:RandomPassword":
		result, err := randomText(in, seed)
		if err != nil {
			return "", nil, fmt.Errorf("random password %s: %w", r.Name, err)
		}
		id, out["result"], out["bcryptHash"] = "none", result, "$2a$10$simulated"+hex.EncodeToString(stream(seed, 18))
		secrets = []resource.PropertyKey{"result", "bcryptHash"}
	case "random:index/randomString:RandomString":
		result, err := randomText(in, seed)
		if err != nil {
			return "", nil, fmt.Errorf("random string %s: %w", r.Name, err)
		}
		id, out["result"] = result, result
	case "random:index/randomBytes:RandomBytes":
		raw := stream(seed, in.whole("length"))
		out["base64"], out["hex"] = base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(raw)
		id, secrets = "none", []resource.PropertyKey{"base64", "hex"}
	case "random:index/randomId:RandomId":
		raw := stream(seed, in.whole("byteLength"))
		prefix := in.text("prefix")
		id = base64.RawURLEncoding.EncodeToString(raw)
		out["b64Url"], out["b64Std"] = prefix+id, prefix+base64.StdEncoding.EncodeToString(raw)
		out["hex"], out["dec"] = prefix+hex.EncodeToString(raw), prefix+new(big.Int).SetBytes(raw).String()
	case "random:index/randomUuid:RandomUuid":
		h := hex.EncodeToString(stream(seed, 16))
		id = fmt.Sprintf("%s-%s-4%s-8%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:32])
		out["result"] = id
	default:
		return "", nil, fmt.Errorf("resource type %q is not known to the mocks", r.Type)
	}
	outputs := toPropertyMap(out)
	for _, key := range secrets {
		outputs[key] = resource.MakeSecret(outputs[key])
	}
	return id, outputs, nil
}

// randomText honours the length, the classes of characters and how many of each there must be.
func randomText(in values, seed string) (string, error) {
	special := "!@#$%&*()-_=+[]{}<>:?"
	if in.text("overrideSpecial") != "" {
		special = in.text("overrideSpecial")
	}
	var all, out string
	for _, class := range []struct{ use, least, characters string }{
		{"lower", "minLower", "abcdefghijklmnopqrstuvwxyz"}, {"upper", "minUpper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{"numeric", "minNumeric", "0123456789"}, {"special", "minSpecial", special},
	} {
		if use, given := in[class.use].(bool); given && !use {
			continue
		}
		all += class.characters
		for i, b := range stream(seed+class.use, in.whole(class.least)) {
			out += string(class.characters[(int(b)+i)%len(class.characters)])
		}
	}
	length := in.whole("length")
	switch {
	case length < 1:
		return "", fmt.Errorf("length must be at least 1, not %d", length)
	case all == "":
		return "", fmt.Errorf("no class of characters is left to choose from")
	case len(out) > length:
		return "", fmt.Errorf("the length of %d is less than the %d characters that must be there", length, len(out))
	}
	var rest strings.Builder
	for _, b := range stream(seed, length-len(out)) {
		rest.WriteByte(all[int(b)%len(all)])
	}
	return rest.String() + out, nil
}
