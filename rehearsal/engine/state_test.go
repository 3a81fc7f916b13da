package engine

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
)

func TestReveal(t *testing.T) {
	secret := func(plaintext string) any {
		return map[string]any{resource.SigKey: resource.SecretSig, "plaintext": plaintext}
	}
	assert.Equal(t,
		map[string]any{"a": "b", "data": map[string]any{"password": "hunter2"}, "list": []any{"x", map[string]any{"deep": "y"}}},
		reveal(map[string]any{"a": "b", "data": map[string]any{"password": secret(`"hunter2"`)}, "list": []any{"x", secret(`{"deep":"y"}`)}}))
	assert.Nil(t, reveal(secret("")), "a state that was exported without its secrets")
}
