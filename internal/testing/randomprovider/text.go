package randomprovider

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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

// class is a set of characters and the least number of them in the result.
type class struct {
	characters string
	atLeast    int
}

// text makes a string of the given length: first the minimum of each class, then the rest from all classes.
func (g Generator) text(inputs resource.PropertyMap) (string, error) {
	classes := classesOf(inputs)
	length, all, needed := number(inputs, "length"), "", 0
	var out []byte
	for _, c := range classes {
		all += c.characters
		needed += c.atLeast
	}
	if length < max(1, needed) {
		return "", fmt.Errorf("length: %d must be at least %d, the sum of the minimums", length, max(1, needed))
	}
	if all == "" {
		return "", errors.New("no character class is allowed: one of lower, upper, numeric, special must be true")
	}
	for _, c := range append(classes, class{all, length - needed}) {
		for range c.atLeast {
			n, err := g.below(len(c.characters))
			if err != nil {
				return "", err
			}
			out = append(out, c.characters[n])
		}
	}
	for i := len(out) - 1; i > 0; i-- {
		j, err := g.below(i + 1)
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

func (g Generator) below(n int) (int, error) {
	value, err := rand.Int(g.Random, big.NewInt(int64(n)))
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

// allowed reads a boolean that defaults to true.
func allowed(inputs resource.PropertyMap, key resource.PropertyKey) bool {
	value := plain(inputs, key)
	return !value.IsBool() || value.BoolValue()
}
