package awssim

import "strings"

const certificateValidationToken = "aws:acm/certificateValidation:CertificateValidation"

// certificateValidation waits until a certificate is issued. It is no thing in AWS.
type certificateValidation struct{ certificate *certificate }

var certificateValidationType = define(resourceType{
	token: certificateValidationToken, title: "ACM Certificate Validation",
	source: "internal/service/acm/certificate_validation.go",
	inputs: properties{
		"certificateArn":        {kind: text, required: true, replaces: true, valid: validARN},
		"validationRecordFqdns": {kind: textSet, replaces: true},
	},
}, createCertificateValidation, nil, func(*call, *certificateValidation) error { return nil })

func createCertificateValidation(t *call) (string, *certificateValidation, error) {
	k := t.c.certificates[t.in.text("certificateArn")]
	if k == nil {
		return "", nil, refuse("ACM", "DescribeCertificate", "ResourceNotFoundException", "Could not find certificate %s.", t.in.text("certificateArn"))
	}
	for _, domain := range k.domains {
		r := t.c.record(strings.TrimSuffix(k.proofName(domain), "."), "CNAME")
		if r == nil || strings.TrimSuffix(r.first, ".") != strings.TrimSuffix(k.proofs[domain], ".") {
			// The real provider waits 75 minutes first.
			return "", nil, refuse("ACM", "DescribeCertificate", "Timeout",
				"timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION'): %s has no record that proves it", domain)
		}
	}
	k.issued = true
	return t.c.now() + "/" + t.name, &certificateValidation{k}, nil
}

func (v *certificateValidation) attributes(*Cloud) values { return values{} }
