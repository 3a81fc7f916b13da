package loadbalancer

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// proofSeconds is the time to live of the records that prove the certificate. They stay: ACM renews by them.
const proofSeconds = 300

// lookupZone returns the ID of the hosted zone of the domain.
func (b *builder) lookupZone() (string, error) {
	zone, err := route53.LookupZone(b.ctx, &route53.LookupZoneArgs{Name: pulumi.StringRef(cmp.Or(b.args.HostedZone, b.args.Domain))}, b.parent)
	if err != nil {
		return "", fmt.Errorf("look up the hosted zone: %w", err)
	}
	return zone.ZoneId, nil
}

// records points the hosts to the load balancer once the listener can answer for them.
func (b *builder) records(zone string, listener pulumi.Resource) error {
	for _, host := range b.args.hosts() {
		if _, err := route53.NewRecord(b.ctx, b.name+"-"+host, &route53.RecordArgs{
			ZoneId: pulumi.String(zone), Name: pulumi.String(host), Type: pulumi.String("A"), AllowOverwrite: pulumi.Bool(b.args.ReplaceRecords),
			Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
				Name: b.balancer.DnsName, ZoneId: b.balancer.ZoneId, EvaluateTargetHealth: pulumi.Bool(false),
			}},
		}, b.parent, pulumi.DependsOn([]pulumi.Resource{listener})); err != nil {
			return err
		}
	}
	return nil
}

// certificate creates a certificate for all hosts, and the records that prove it. The result resolves once the certificate is
// issued.
func (b *builder) certificate(zone string) (pulumi.StringOutput, error) {
	var none pulumi.StringOutput
	hosts := b.args.hosts()
	certificate, err := acm.NewCertificate(b.ctx, b.name, &acm.CertificateArgs{
		DomainName: pulumi.String(hosts[0]), SubjectAlternativeNames: pulumi.ToStringArray(hosts), ValidationMethod: pulumi.String("DNS"),
	}, b.parent)
	if err != nil {
		return none, err
	}
	var proofs pulumi.StringArray
	for _, host := range hosts {
		record, err := route53.NewRecord(b.ctx, b.name+"-proof-"+host, &route53.RecordArgs{
			ZoneId: pulumi.String(zone), Ttl: pulumi.Int(proofSeconds),
			Name:    proof(certificate, host, func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordName }),
			Type:    proof(certificate, host, func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordType }),
			Records: pulumi.StringArray{proof(certificate, host, func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordValue })},
		}, b.parent)
		if err != nil {
			return none, err
		}
		proofs = append(proofs, record.Fqdn)
	}
	issued, err := acm.NewCertificateValidation(b.ctx, b.name, &acm.CertificateValidationArgs{
		CertificateArn: certificate.Arn, ValidationRecordFqdns: proofs,
	}, b.parent)
	if err != nil {
		return none, err
	}
	return issued.CertificateArn, nil
}

// proof returns a field of the record that proves a host. ACM lists the records in no particular order.
func proof(certificate *acm.Certificate, host string, field func(acm.CertificateDomainValidationOption) *string) pulumi.StringOutput {
	return certificate.DomainValidationOptions.ApplyT(func(options []acm.CertificateDomainValidationOption) (string, error) {
		for _, option := range options {
			if value := field(option); value != nil && option.DomainName != nil && *option.DomainName == host {
				return *value, nil
			}
		}
		return "", fmt.Errorf("certificate lists no record that proves %s", host)
	}).(pulumi.StringOutput)
}
