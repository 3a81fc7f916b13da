package awssim

import (
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// signatures are the algorithms of web identity tokens
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
var signatures = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}

// AssumeRoleWithWebIdentity gives a session of a role to whoever has a token of an issuer that the account trusts. The signature is
// verified with the documents that the issuer publishes, read as everyone may.
func (c *Cloud) AssumeRoleWithWebIdentity(roleARN, sessionName, token string) (*Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	const operation = "AssumeRoleWithWebIdentity"
	parsed, err := jwt.ParseSigned(token, signatures)
	if err != nil {
		return nil, refuse("STS", operation, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (%s)", err)
	}
	var unverified, claims jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&unverified); err != nil {
		return nil, refuse("STS", operation, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (%s)", err)
	}
	issuer := c.issuers[strings.TrimPrefix(unverified.Issuer, "https://")]
	if issuer == nil || !strings.HasPrefix(unverified.Issuer, "https://") {
		return nil, refuse("STS", operation, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for %s", unverified.Issuer)
	}
	keys, err := c.publishedKeys(issuer.issuer)
	if err != nil {
		return nil, refuse("STS", operation, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider: %s", err)
	}
	if err := parsed.Claims(keys, &claims); err != nil {
		return nil, refuse("STS", operation, "InvalidIdentityToken", "The signature of the token could not be verified with the keys of %s: %s", claims.Issuer, err)
	}
	if err := claims.ValidateWithLeeway(jwt.Expected{Time: c.options.Now()}, 0); err != nil {
		return nil, refuse("STS", operation, "ExpiredTokenException", "Token expired or not valid yet: %s", err)
	}
	audience := slices.IndexFunc(claims.Audience, func(one string) bool { return slices.Contains(issuer.clients, one) })
	if audience < 0 {
		return nil, refuse("STS", operation, "InvalidIdentityToken", "Incorrect token audience %v", claims.Audience)
	}
	context := c.requestContext()
	context[issuer.issuer+":aud"], context[issuer.issuer+":sub"] = claims.Audience[audience], claims.Subject
	owner := c.roleOf(roleARN)
	if owner == nil || !owner.trust.trustsWebIdentity(issuer.arn(c), context) {
		return nil, refuse("STS", operation, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity on %s as %s", roleARN, claims.Subject)
	}
	return &Session{cloud: c, who: c.sessionOf(owner, sessionName)}, nil
}

// publishedKeys reads the keys of an issuer by its discovery document.
func (c *Cloud) publishedKeys(issuer string) (*jose.JSONWebKeySet, error) {
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := c.readPublic(issuer+"/.well-known/openid-configuration", &document); err != nil {
		return nil, err
	}
	if document.Issuer != "https://"+issuer {
		return nil, wordingf("its discovery document is that of %s", document.Issuer)
	}
	var keys jose.JSONWebKeySet
	return &keys, c.readPublic(strings.TrimPrefix(document.Keys, "https://"), &keys)
}

// readPublic reads JSON from a bucket without credentials, by a URL without its scheme.
func (c *Cloud) readPublic(address string, into any) error {
	name, known := c.bucketAt(address)
	if !known {
		return wordingf("https://%s does not exist", address)
	}
	_, key, _ := strings.Cut(address, "/")
	content, err := c.getObjectAs(nil, name, key)
	if err != nil {
		return err
	}
	return unmarshal(content, into)
}

func (c *Cloud) roleOf(arn string) *role {
	for _, r := range c.roles {
		if r.arn(c) == arn {
			return r
		}
	}
	return nil
}

// trustsWebIdentity reports whether tokens of the provider may take the role. The context holds their claims.
func (p *policy) trustsWebIdentity(provider string, context map[string]string) bool {
	allowed := false
	for _, s := range p.Statement {
		if !slices.Contains(s.principals()["Federated"], provider) || !s.matches(request{action: "sts:AssumeRoleWithWebIdentity", context: context}) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}
