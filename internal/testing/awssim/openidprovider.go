package awssim

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

const openIDProviderToken = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"

// openIDProvider is an issuer of web identity tokens that the account trusts.
type openIDProvider struct {
	// issuer is the URL without its scheme, as IAM keeps it.
	issuer      string
	clients     []string
	thumbprints []any
}

var thumbprint = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

var openIDProviderType = define(resourceType{
	token: openIDProviderToken, title: "IAM OIDC Provider",
	source: "internal/service/iam/openid_connect_provider.go",
	inputs: properties{
		"clientIdLists":   {kind: textSet, required: true},
		"thumbprintLists": {kind: textList, computed: true},
		"url":             {kind: text, required: true, replaces: true, valid: validIssuer, hash: withoutScheme},
	},
	outputs: []string{"arn"},
	tagged:  true,
}, createOpenIDProvider, updateOpenIDProvider, deleteOpenIDProvider)

// validIssuer follows https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html.
func validIssuer(value any) error {
	u, err := url.Parse(value.(string))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" || u.RawQuery != "" || len(u.String()) > 255 {
		return fmt.Errorf("%q must be an https URL without port and query, of at most 255 characters", value)
	}
	return nil
}

func createOpenIDProvider(t *call) (string, *openIDProvider, error) {
	const operation = "CreateOpenIDConnectProvider"
	p := &openIDProvider{issuer: strings.TrimPrefix(t.in.text("url"), "https://")}
	if t.c.issuers[p.issuer] != nil {
		return "", nil, refuseIAM(operation, "EntityAlreadyExists", "Provider with url https://%s already exists.", p.issuer)
	}
	if len(t.c.issuers) >= 100 {
		return "", nil, refuseIAM(operation, "LimitExceeded", "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100")
	}
	// IAM connects to the issuer for its certificate, so its host must exist.
	if _, known := t.c.bucketAt(p.issuer); !known {
		return "", nil, refuseIAM(operation, "OpenIdIdpCommunicationError", "The host of https://%s could not be reached", p.issuer)
	}
	if err := p.set(t); err != nil {
		return "", nil, err
	}
	t.c.issuers[p.issuer] = p
	return p.arn(t.c), p, nil
}

func (p *openIDProvider) set(t *call) error {
	p.clients = t.in.texts("clientIdLists")
	if len(p.clients) == 0 || len(p.clients) > 100 {
		return refuseIAM("AddClientIDToOpenIDConnectProvider", "LimitExceeded", "a provider has 1 to 100 client IDs, not %d", len(p.clients))
	}
	given := t.in.texts("thumbprintLists")
	if len(given) == 0 {
		given = []string{t.c.digits("thumbprint", p.issuer, 40)} // IAM finds the authority's own
	}
	p.thumbprints = nil
	for _, one := range given {
		if !thumbprint.MatchString(one) {
			return refuseIAM("UpdateOpenIDConnectProviderThumbprint", "ValidationError", "thumbprint %q must have 40 hexadecimal digits", one)
		}
		p.thumbprints = append(p.thumbprints, one)
	}
	return nil
}

func updateOpenIDProvider(t *call, p *openIDProvider) error { return p.set(t) }

func deleteOpenIDProvider(t *call, p *openIDProvider) error {
	delete(t.c.issuers, p.issuer)
	return nil
}

func (p *openIDProvider) arn(c *Cloud) string {
	return c.globalARN("iam", "oidc-provider/"+p.issuer)
}

func (p *openIDProvider) attributes(c *Cloud) values {
	clients := []any{}
	for _, client := range p.clients {
		clients = append(clients, client)
	}
	return values{"arn": p.arn(c), "url": p.issuer, "clientIdLists": clients, "thumbprintLists": p.thumbprints}
}

// withoutScheme is how IAM keeps an issuer.
func withoutScheme(issuer string) string { return strings.TrimPrefix(issuer, "https://") }

// bucketAt finds the bucket whose regional address begins the URL without scheme.
func (c *Cloud) bucketAt(address string) (name string, known bool) {
	host, _, _ := strings.Cut(address, "/")
	name, found := strings.CutSuffix(host, ".s3."+c.options.Region+".amazonaws.com")
	return name, found && c.buckets[name] != nil
}
