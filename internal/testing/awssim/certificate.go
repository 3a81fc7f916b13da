package awssim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

const certificateToken = "aws:acm/certificate:Certificate"

// certificate is a public TLS certificate of ACM. It is issued once the DNS records prove every name.
type certificate struct {
	arn, created string
	domains      []string // the first one is the certificate's name
	proofs       map[string]string
	issued       bool
	users        map[string]bool // listeners
}

var certificateType = define(resourceType{
	token: certificateToken, title: "ACM Certificate",
	source: "internal/service/acm/certificate.go",
	inputs: properties{
		"domainName":              {kind: text, replaces: true, computed: true},
		"keyAlgorithm":            {kind: text, replaces: true, computed: true, oneOf: []string{"RSA_2048", "EC_prime256v1", "EC_secp384r1"}},
		"subjectAlternativeNames": {kind: textSet, replaces: true, computed: true},
		"validationMethod":        {kind: text, replaces: true, computed: true, oneOf: []string{"DNS"}},
	},
	outputs: []string{
		"arn", "domainValidationOptions", "notAfter", "notBefore", "pendingRenewal", "renewalEligibility", "renewalSummaries", "status",
		"type", "validationEmails",
	},
	refused: []string{
		"certificateAuthorityArn", "certificateBody", "certificateChain", "earlyRenewalDuration", "options", "privateKey", "validationOptions",
	},
	tagged: true,
	check: func(in values) []Problem {
		if !in.has("domainName") && !in.isUnknown("domainName") || !in.has("validationMethod") {
			return []Problem{{"domainName", "must be set together with validationMethod"}}
		}
		return nil
	},
}, createCertificate, nil, deleteCertificate)

func createCertificate(t *call) (string, *certificate, error) {
	domains := append([]string{t.in.text("domainName")}, t.in.texts("subjectAlternativeNames")...)
	k := &certificate{created: t.c.now(), proofs: map[string]string{}, users: map[string]bool{}}
	for _, domain := range domains {
		if !slices.Contains(k.domains, domain) {
			k.domains = append(k.domains, domain)
			k.proofs[domain] = "_" + t.c.digits("acm", domain, 32) + ".acm-validations.aws."
		}
	}
	if len(k.domains) > 10 {
		return "", nil, refuse("ACM", "RequestCertificate", "LimitExceededException", "Error: you have requested too many domain names: %d of 10", len(k.domains))
	}
	k.arn = t.c.arn("acm", "certificate/"+t.c.digits("certificate", t.name, 32))
	t.c.certificates[k.arn] = k
	return k.arn, k, nil
}

func deleteCertificate(t *call, k *certificate) error {
	if len(k.users) > 0 {
		return refuse("ACM", "DeleteCertificate", "ResourceInUseException", "Certificate %s in account %s is in use.", k.arn, t.c.options.AccountID)
	}
	delete(t.c.certificates, k.arn)
	return nil
}

// proofName is the name of the record that proves a domain.
func (k *certificate) proofName(domain string) string {
	return k.proofs[domain][:33] + "." + strings.TrimPrefix(domain, "*.") + "."
}

// covers reports whether the certificate holds for a host.
func (k *certificate) covers(host string) bool {
	return slices.ContainsFunc(k.domains, func(domain string) bool {
		_, parent, _ := strings.Cut(host, ".")
		return domain == host || domain == "*."+parent
	})
}

func (k *certificate) attributes(*Cloud) values {
	proofs := []any{}
	for _, domain := range slices.Sorted(maps.Keys(k.proofs)) {
		proofs = append(proofs, values{
			"domainName": domain, "resourceRecordName": k.proofName(domain), "resourceRecordType": "CNAME", "resourceRecordValue": k.proofs[domain],
		})
	}
	out := values{
		"arn": k.arn, "domainName": k.domains[0], "subjectAlternativeNames": anyList(k.domains), "validationMethod": "DNS",
		"keyAlgorithm": "RSA_2048", "domainValidationOptions": proofs, "notAfter": "", "notBefore": "", "pendingRenewal": false,
		"renewalEligibility": "INELIGIBLE", "renewalSummaries": []any{}, "status": "PENDING_VALIDATION", "type": "AMAZON_ISSUED",
		"validationEmails": []any{},
	}
	if k.issued {
		since, _ := time.Parse(time.RFC3339, k.created)
		out["status"], out["notBefore"], out["notAfter"] = "ISSUED", k.created, since.AddDate(0, 13, 0).Format(time.RFC3339)
	}
	return out
}
