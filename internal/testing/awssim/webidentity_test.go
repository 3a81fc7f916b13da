package awssim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signer signs tokens and publishes its key.
type signer struct {
	signer jose.Signer
	keys   []byte
}

func newSigner(t *testing.T) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "one"}}, nil)
	require.NoError(t, err)
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
	require.NoError(t, err)
	return signer{made, keys}
}

func (s signer) token(t *testing.T, issuer, subject, audience string, expires time.Time) string {
	token, err := jwt.Signed(s.signer).Claims(jwt.Claims{Issuer: issuer, Subject: subject, Audience: jwt.Audience{audience}, Expiry: jwt.NewNumericDate(expires)}).Serialize()
	require.NoError(t, err)
	return token
}

// TestAssumeRoleWithWebIdentity tries every way to take the role of a pod with something else than its own token.
func TestAssumeRoleWithWebIdentity(t *testing.T) {
	const pod, other, audience = "system:serviceaccount:growbin:uploader", "system:serviceaccount:growbin:other", "sts.amazonaws.com"
	w := newWorld(t, Options{})
	b := w.make(bucketToken, "issuer", values{})
	host := b + ".s3.ap-northeast-2.amazonaws.com"
	issuer, arn := "https://"+host, "arn:aws:s3:::"+b
	w.make(bucketObjectToken, "discovery", values{"bucket": b, "key": ".well-known/openid-configuration", "content": `{"issuer":"` + issuer + `","jwks_uri":"` + issuer + `/keys"}`})
	provider := w.make(openIDProviderToken, "issuer", values{"url": issuer, "clientIdLists": []any{audience}})
	w.make(roleToken, "pod", values{"name": "pod", "assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + host + `:sub":"` + pod + `","` + host + `:aud":"` + audience + `"}}}]}`})
	w.role("node")
	w.make(rolePolicyToken, "p", values{"role": "pod", "policy": policyText("Allow", "s3:PutObject", arn+"/images/*")})
	right, wrong := newSigner(t), newSigner(t)
	require.NoError(t, w.c.PutObject(b, "keys", right.keys))
	role := "arn:aws:iam::000000000000:role/pod"
	later := time.Now().Add(time.Hour)
	assume := func(token string) (*Session, error) { return w.c.AssumeRoleWithWebIdentity(role, "one", token) }

	_, err := assume(right.token(t, issuer, pod, audience, later))
	w.refused(err, "InvalidIdentityToken", "Couldn't retrieve verification key")
	w.make(bucketPolicyToken, "public", values{"bucket": b, "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":["` + arn + `/keys","` + arn + `/.well-known/*"]}]}`})
	_, err = assume(right.token(t, issuer, pod, audience, later))
	w.refused(err, "InvalidIdentityToken", "Couldn't retrieve verification key") // a new bucket blocks public policies
	w.make(bucketPublicAccessBlockToken, "open", values{"bucket": b, "blockPublicAcls": true, "ignorePublicAcls": true})

	session, err := assume(right.token(t, issuer, pod, audience, later))
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:sts::000000000000:assumed-role/pod/one", session.ARN())
	require.NoError(t, session.PutObject(b, "images/1", []byte("x")))
	w.refused(session.PutObject(b, "keys", nil), "AccessDenied", "s3:PutObject")
	_, err = session.GetObject(b, "images/1")
	w.refused(err, "AccessDenied", "s3:GetObject")
	_, err = w.c.Anonymous(b, "images/1")
	w.refused(err, "AccessDenied", "anonymous")

	for _, tt := range []struct{ name, token, code, message string }{
		{"no token", "x", "InvalidIdentityToken", "not a valid JWT"},
		{"another key", wrong.token(t, issuer, pod, audience, later), "InvalidIdentityToken", "signature"},
		{"another issuer", right.token(t, "https://kubernetes.default.svc", pod, audience, later), "InvalidIdentityToken", "No OpenIDConnect provider"},
		{"no https", right.token(t, host, pod, audience, later), "InvalidIdentityToken", "No OpenIDConnect provider"},
		{"another audience", right.token(t, issuer, pod, issuer, later), "InvalidIdentityToken", "Incorrect token audience"},
		{"another account", right.token(t, issuer, other, audience, later), "AccessDenied", "Not authorized"},
		{"an old token", right.token(t, issuer, pod, audience, time.Now().Add(-time.Minute)), "ExpiredTokenException", "expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := assume(tt.token)
			w.refused(err, tt.code, tt.message)
		})
	}
	for _, other := range []string{"node", "nobody"} {
		_, err = w.c.AssumeRoleWithWebIdentity(strings.Replace(role, "pod", other, 1), "one", right.token(t, issuer, pod, audience, later))
		w.refused(err, "AccessDenied", "Not authorized")
	}
}

func TestOpenIDProvider_Refused(t *testing.T) {
	w := newWorld(t, Options{})
	b := w.make(bucketToken, "issuer", values{})
	issuer := "https://" + b + ".s3.ap-northeast-2.amazonaws.com"
	clients := []any{"sts.amazonaws.com"}
	_, err := w.try(openIDProviderToken, "a", values{"url": "http://example.com", "clientIdLists": clients})
	assert.ErrorContains(t, err, "must be an https URL")
	_, err = w.try(openIDProviderToken, "a", values{"url": "https://nowhere.example.com", "clientIdLists": clients})
	w.refused(err, "OpenIdIdpCommunicationError", "could not be reached")
	_, err = w.try(openIDProviderToken, "a", values{"url": issuer, "clientIdLists": clients, "thumbprintLists": []any{"1"}})
	w.refused(err, "ValidationError", "40 hexadecimal digits")
	w.make(openIDProviderToken, "a", values{"url": issuer, "clientIdLists": clients})
	_, err = w.try(openIDProviderToken, "b", values{"url": issuer, "clientIdLists": clients})
	w.refused(err, "EntityAlreadyExists", issuer)
}
