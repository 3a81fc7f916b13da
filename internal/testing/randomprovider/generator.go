package randomprovider

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Generator makes the values of random resources.
type Generator struct {
	// Random is the source of randomness. A deterministic one makes a resource of the same inputs equal in every run.
	Random io.Reader
	// Hash returns the bcrypt hash of a password.
	Hash func(password string) (string, error)
}

// kind is one resource type: the properties that it accepts and how its values are made.
type kind struct {
	inputs   []resource.PropertyKey
	generate func(Generator, resource.PropertyMap) (id string, outputs resource.PropertyMap, err error)
}

var kinds = map[string]kind{
	"random:index/randomPassword:RandomPassword": {stringInputs, Generator.password},
	"random:index/randomString:RandomString":     {stringInputs, Generator.plainString},
	"random:index/randomBytes:RandomBytes":       {[]resource.PropertyKey{"keepers", "length"}, Generator.bytes},
	"random:index/randomId:RandomId":             {[]resource.PropertyKey{"keepers", "byteLength", "prefix"}, Generator.identifier},
	"random:index/randomUuid:RandomUuid":         {[]resource.PropertyKey{"keepers"}, Generator.uuid},
}

func kindOf(token string) (kind, error) {
	k, ok := kinds[token]
	if !ok {
		return kind{}, fmt.Errorf("the fake random provider %s has no %s; it has %v", Version, token, slices.Sorted(maps.Keys(kinds)))
	}
	return k, nil
}

// Generate returns the identifier and the outputs, inputs included, of a new resource of the type.
func (g Generator) Generate(token string, inputs resource.PropertyMap) (id string, outputs resource.PropertyMap, err error) {
	k, err := kindOf(token)
	if err != nil {
		return "", nil, err
	}
	id, values, err := k.generate(g, inputs)
	if err != nil {
		return "", nil, err
	}
	outputs = inputs.Copy()
	maps.Copy(outputs, values)
	return id, outputs, nil
}

func (g Generator) password(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	text, err := g.text(inputs)
	if err != nil {
		return "", nil, err
	}
	hash, err := g.Hash(text)
	if err != nil {
		return "", nil, fmt.Errorf("hash the password: %w", err)
	}
	return "none", resource.PropertyMap{"result": secret(text), "bcryptHash": secret(hash)}, nil
}

func (g Generator) plainString(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	text, err := g.text(inputs)
	return text, resource.PropertyMap{"result": resource.NewProperty(text)}, err
}

func (g Generator) bytes(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	value, err := g.read(inputs, "length")
	return "none", resource.PropertyMap{
		"base64": secret(base64.StdEncoding.EncodeToString(value)),
		"hex":    secret(hex.EncodeToString(value)),
	}, err
}

func (g Generator) identifier(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	value, err := g.read(inputs, "byteLength")
	prefix := text(inputs, "prefix")
	url := base64.RawURLEncoding.EncodeToString(value)
	return url, resource.PropertyMap{
		"b64Std": resource.NewProperty(prefix + base64.StdEncoding.EncodeToString(value)),
		"b64Url": resource.NewProperty(prefix + url),
		"hex":    resource.NewProperty(prefix + hex.EncodeToString(value)),
		"dec":    resource.NewProperty(prefix + new(big.Int).SetBytes(value).String()),
	}, err
}

func (g Generator) uuid(resource.PropertyMap) (string, resource.PropertyMap, error) {
	value := make([]byte, 16)
	if _, err := io.ReadFull(g.Random, value); err != nil {
		return "", nil, fmt.Errorf("read randomness: %w", err)
	}
	value[6], value[8] = value[6]&0x0f|0x40, value[8]&0x3f|0x80 // version 4, RFC 9562
	h := hex.EncodeToString(value)
	id := fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
	return id, resource.PropertyMap{"result": resource.NewProperty(id)}, nil
}

func (g Generator) read(inputs resource.PropertyMap, key resource.PropertyKey) ([]byte, error) {
	length := number(inputs, key)
	if length < 1 {
		return nil, fmt.Errorf("%s: %d must be 1 or more", key, length)
	}
	value := make([]byte, length)
	if _, err := io.ReadFull(g.Random, value); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return value, nil
}
