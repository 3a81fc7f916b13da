package monitoring

import (
	"fmt"
	"time"
)

// Series that the control plane writes for node-exporter to read: a timer there puts them into a file *.prom in
// TextfileDir, readable for all, by way of a file of another name that is renamed when complete.
const (
	// TextfileDir is on the node; node-exporter reads every *.prom file in it.
	TextfileDir = "/var/lib/node-exporter"
	// JoinTokenExpiryMetric is when the token that new nodes join with ends, Unix time in seconds. No labels.
	JoinTokenExpiryMetric = "kubeadm_bootstrap_token_expiry_timestamp_seconds"
	// CertificateExpiryMetric is when a certificate in /etc/kubernetes/pki ends, Unix time in seconds.
	// The label "certificate" is its name as `kubeadm certs check-expiration` writes it, for example "apiserver".
	CertificateExpiryMetric = "kubeadm_certificate_expiry_timestamp_seconds"
)

// kubeletCertificateTTL is kubelet's own: seconds until its client certificate ends, infinite without one.
const kubeletCertificateTTL = "kubelet_certificate_manager_client_ttl_seconds"

// Daily and unattended, so silence is a fault as well: the last rule raises an alert when nothing is written.
func credentialRules(certificateLead, joinTokenLead time.Duration) []rule {
	certificate := promDuration(certificateLead)
	return []rule{
		alert("CertificateNearExpiry", critical, "1h",
			fmt.Sprintf("%s - time() < %d", CertificateExpiryMetric, int64(certificateLead/time.Second)),
			"certificate {{ $labels.certificate }} on {{ $labels.node }} ends in {{ $value | humanizeDuration }}, less than "+certificate),
		alert("KubeletCertificateNearExpiry", critical, "1h",
			fmt.Sprintf("%s < %d", kubeletCertificateTTL, int64(certificateLead/time.Second)),
			"kubelet's certificate on {{ $labels.node }} ends in {{ $value | humanizeDuration }} and was not renewed"),
		alert("JoinTokenNearExpiry", warning, "10m",
			fmt.Sprintf("%s - time() < %d", JoinTokenExpiryMetric, int64(joinTokenLead/time.Second)),
			"the join token ends in {{ $value | humanizeDuration }} and was not renewed: a replaced node could not join"),
		alert("CredentialsUnwatched", warning, "1h",
			fmt.Sprintf("absent(%s) or absent(%s)", JoinTokenExpiryMetric, CertificateExpiryMetric),
			"no node reports when its certificates and the join token end"),
	}
}
