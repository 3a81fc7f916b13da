package randomprovider

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	passwordToken = "random:index/randomPassword:RandomPassword"
	stringToken   = "random:index/randomString:RandomString"
	bytesToken    = "random:index/randomBytes:RandomBytes"
	idToken       = "random:index/randomId:RandomId"
	uuidToken     = "random:index/randomUuid:RandomUuid"
)

func urn(token string) string { return "urn:pulumi:test::project::" + token + "::x" }

func encode(t *testing.T, inputs map[string]any) *structpb.Struct {
	t.Helper()
	s, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(inputs), plugin.MarshalOptions{KeepSecrets: true})
	require.NoError(t, err)
	return s
}

func create(t *testing.T, token string, inputs map[string]any) (string, resource.PropertyMap) {
	t.Helper()
	response, err := New(t.Context()).Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(token), Properties: encode(t, inputs)})
	require.NoError(t, err)
	state, err := unmarshal(response.GetProperties())
	require.NoError(t, err)
	return response.GetId(), state
}

func TestPassword_CharacterClasses(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		id, state := create(t, passwordToken, map[string]any{
			"length": 24, "special": true, "overrideSpecial": "-_", "minSpecial": 3, "minNumeric": 4, "upper": false,
		})
		assert.Equal(t, "none", id)
		require.True(t, state["result"].IsSecret(), "a password must be secret in the state")
		require.True(t, state["bcryptHash"].IsSecret())
		text := state["result"].SecretValue().Element.StringValue()
		assert.Len(t, text, 24)
		assert.Equal(t, "", strings.Trim(text, lowerCase+digits+"-_"), "characters of another class in %s", text)
		assert.GreaterOrEqual(t, strings.Count(text, "-")+strings.Count(text, "_"), 3)
		assert.GreaterOrEqual(t, countOf(text, digits), 4)
		assert.False(t, seen[text], "two passwords are equal")
		seen[text] = true
	}
}

func countOf(text, class string) (n int) {
	for _, c := range text {
		if strings.ContainsRune(class, c) {
			n++
		}
	}
	return n
}

func TestCreate_OtherTypes(t *testing.T) {
	id, state := create(t, stringToken, map[string]any{"length": 5})
	assert.Equal(t, id, state["result"].StringValue(), "a random string is no secret")
	_, state = create(t, bytesToken, map[string]any{"length": 16})
	assert.Len(t, state["hex"].SecretValue().Element.StringValue(), 32)
	id, state = create(t, idToken, map[string]any{"byteLength": 4, "prefix": "p-"})
	assert.Len(t, id, 6)
	assert.Regexp(t, "^p-[0-9a-f]{8}$", state["hex"].StringValue())
	id, _ = create(t, uuidToken, nil)
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
}

func TestCreate_Preview(t *testing.T) {
	response, err := New(t.Context()).Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(passwordToken), Preview: true, Properties: encode(t, map[string]any{"length": 8})})
	require.NoError(t, err)
	assert.NotContains(t, response.GetProperties().GetFields(), "result")
}

func TestCheck_InvalidInputs(t *testing.T) {
	p := New(t.Context())
	for reason, inputs := range map[string]map[string]any{
		"must be at least 6":            {"length": 4, "minLower": 3, "minUpper": 3},
		"no character class is allowed": {"length": 4, "lower": false, "upper": false, "numeric": false, "special": false},
		"not a property of":             {"length": 4, "lenght": 5},
	} {
		response, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn(passwordToken), News: encode(t, inputs)})
		require.NoError(t, err)
		require.Len(t, response.GetFailures(), 1)
		assert.Contains(t, response.GetFailures()[0].GetReason(), reason)
	}
	_, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn("random:index/randomPet:RandomPet")})
	assert.ErrorContains(t, err, "has no random:index/randomPet:RandomPet")
}

func TestDiff_EveryChangeReplaces(t *testing.T) {
	p := New(t.Context())
	diff := func(olds, news map[string]any) *pulumirpc.DiffResponse {
		response, err := p.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urn(passwordToken), OldInputs: encode(t, olds), News: encode(t, news)})
		require.NoError(t, err)
		return response
	}
	same := map[string]any{"length": 8, "keepers": map[string]any{"a": "b"}}
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, diff(same, same).GetChanges())
	assert.Equal(t, []string{"keepers"}, diff(same, map[string]any{"length": 8, "keepers": map[string]any{"a": "c"}}).GetReplaces())
}
