package credentials

import (
	"net/url"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

func TestFormat_RoundTrip(t *testing.T) {
	for _, secret := range []string{"plain123", "a:b@c/d?e#f", "100%", "1+1=2 & more", "한글", `"'\`, "~-._"} {
		parsed, err := url.Parse(Format("amqp", secret, secret, "host.ns.svc", 5672, secret))
		require.NoError(t, err, secret)
		password, _ := parsed.User.Password()
		assert.Equal(t, secret, password)
		assert.Equal(t, secret, parsed.User.Username())
		assert.Equal(t, "/"+secret, parsed.Path)
		assert.Equal(t, "host.ns.svc:5672", parsed.Host)
		assert.Empty(t, parsed.RawQuery+parsed.Fragment)
	}
}

func TestEncode_UnreservedOnly(t *testing.T) {
	assert.Equal(t, "aZ09-._~", Encode("aZ09-._~"))
	assert.Equal(t, "%2F", Encode("/"))
	assert.Equal(t, "%2B%20%C3%A9", Encode("+ é"), "a plus is no space, and bytes are encoded one by one")
}

func FuzzEncode(f *testing.F) {
	f.Add("p@ss:w/rd")
	f.Fuzz(func(t *testing.T, s string) {
		encoded := Encode(s)
		assert.Regexp(t, `^[A-Za-z0-9\-._~%]*$`, encoded)
		decoded, err := url.PathUnescape(encoded)
		require.NoError(t, err)
		assert.Equal(t, s, decoded)
	})
}

func TestNewPasswords_Secret(t *testing.T) {
	secret := map[string]bool{}
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		passwords, err := NewPasswords(ctx, "db", []string{"reader", "writer"})
		if err != nil {
			return err
		}
		full := URL{Scheme: "redis", User: "reader", Password: passwords["reader"], Host: pulumi.String("h"), Port: 1, Path: "0"}.Output()
		secret["password"] = pulumi.IsSecret(passwords["writer"])
		secret["url"] = pulumi.IsSecret(full)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"password": true, "url": true}, secret)

	reader := r.One(t, "random:index/randomPassword:RandomPassword", "db-reader")
	assert.Equal(t, 32.0, reader.Value("length"))
	assert.Equal(t, false, reader.Value("special"))
	for _, least := range []string{"minLower", "minUpper", "minNumeric"} {
		assert.Equal(t, 1.0, reader.Value(least), "some services want each kind")
	}
}
