package randomprovider

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/bcrypt"
)

// Character classes of the real provider (terraform-provider-random, internal/random/string.go).
const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
	specials  = "!@#$%&*()-_=+[]{}<>:?"
)

var stringInputs = []resource.PropertyKey{
	"keepers", "length", "lower", "minLower", "upper", "minUpper", "numeric", "number", "minNumeric",
	"special", "minSpecial", "overrideSpecial",
}

// class is a set of characters and how many of the result must come from it.
type class struct {
	characters string
	atLeast    int
}

func password(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	text, err := draw(inputs)
	if err != nil {
		return "", nil, err
	}
	// bcrypt takes 72 bytes and refuses more; so does the real provider's hash, which is made of the first 72.
	hash, err := bcrypt.GenerateFromPassword([]byte(text[:min(len(text), 72)]), bcrypt.MinCost)
	if err != nil {
		return "", nil, fmt.Errorf("hash the password: %w", err)
	}
	return "none", resource.PropertyMap{
		"result":     secret(text),
		"bcryptHash": secret(string(hash)),
	}, nil
}

func plainString(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	text, err := draw(inputs)
	return text, resource.PropertyMap{"result": resource.NewProperty(text)}, err
}

func bytesOf(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	value, err := bytesFor(inputs, "length")
	return "none", resource.PropertyMap{
		"base64": secret(base64.StdEncoding.EncodeToString(value)),
		"hex":    secret(hex.EncodeToString(value)),
	}, err
}

func identifier(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	value, err := bytesFor(inputs, "byteLength")
	prefix := text(inputs, "prefix")
	url := base64.RawURLEncoding.EncodeToString(value)
	return url, resource.PropertyMap{
		"b64Std": resource.NewProperty(prefix + base64.StdEncoding.EncodeToString(value)),
		"b64Url": resource.NewProperty(prefix + url),
		"hex":    resource.NewProperty(prefix + hex.EncodeToString(value)),
		"dec":    resource.NewProperty(prefix + new(big.Int).SetBytes(value).String()),
	}, err
}

func bytesFor(inputs resource.PropertyMap, key resource.PropertyKey) ([]byte, error) {
	length := number(inputs, key)
	if length < 1 {
		return nil, fmt.Errorf("%s is %d: it must be 1 or more", key, length)
	}
	value := make([]byte, length)
	_, err := rand.Read(value)
	return value, err
}

// draw makes a string of the wanted length: first what each class needs at least, then the rest from all of them.
func draw(inputs resource.PropertyMap) (string, error) {
	classes := classesOf(inputs)
	length, all, needed := number(inputs, "length"), "", 0
	var out []byte
	for _, c := range classes {
		all += c.characters
		needed += c.atLeast
	}
	if length < max(1, needed) {
		return "", fmt.Errorf("length is %d: it must be at least %d, the sum of the minimums", length, max(1, needed))
	}
	if all == "" {
		return "", fmt.Errorf("no character class is allowed: set one of lower, upper, numeric, special")
	}
	for _, c := range append(classes, class{all, length - needed}) {
		for range c.atLeast {
			n, err := below(len(c.characters))
			if err != nil {
				return "", err
			}
			out = append(out, c.characters[n])
		}
	}
	for i := len(out) - 1; i > 0; i-- {
		j, err := below(i + 1)
		if err != nil {
			return "", err
		}
		out[i], out[j] = out[j], out[i]
	}
	return string(out), nil
}

func classesOf(inputs resource.PropertyMap) []class {
	special := specials
	if own := text(inputs, "overrideSpecial"); own != "" {
		special = own
	}
	var classes []class
	for _, c := range []struct {
		wanted     bool
		characters string
		atLeast    resource.PropertyKey
	}{
		{allowed(inputs, "lower"), lowerCase, "minLower"},
		{allowed(inputs, "upper"), upperCase, "minUpper"},
		{allowed(inputs, "numeric") && allowed(inputs, "number"), digits, "minNumeric"},
		{allowed(inputs, "special"), special, "minSpecial"},
	} {
		if c.wanted {
			classes = append(classes, class{c.characters, number(inputs, c.atLeast)})
		}
	}
	return classes
}

func below(n int) (int, error) {
	value, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0, fmt.Errorf("read randomness: %w", err)
	}
	return int(value.Int64()), nil
}

func secret(value string) resource.PropertyValue {
	return resource.MakeSecret(resource.NewProperty(value))
}

func plain(inputs resource.PropertyMap, key resource.PropertyKey) resource.PropertyValue {
	value := inputs[key]
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	return value
}

func number(inputs resource.PropertyMap, key resource.PropertyKey) int {
	if value := plain(inputs, key); value.IsNumber() {
		return int(value.NumberValue())
	}
	return 0
}

func text(inputs resource.PropertyMap, key resource.PropertyKey) string {
	if value := plain(inputs, key); value.IsString() {
		return value.StringValue()
	}
	return ""
}

// allowed reads a switch that is on unless it is turned off.
func allowed(inputs resource.PropertyMap, key resource.PropertyKey) bool {
	value := plain(inputs, key)
	return !value.IsBool() || value.BoolValue()
}
