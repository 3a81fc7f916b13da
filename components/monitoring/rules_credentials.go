package monitoring

import (
	"fmt"
	"time"
)

// Series that the control plane writes for node-exporter's textfile collector: a timer writes a *.prom file to
// TextfileDir, readable for all. It writes to a temporary name and renames the complete file.
const (
	// TextfileDir is a directory of the node; node-exporter reads every *.prom file in it.
	TextfileDir = "/var/lib/node-exporter"
	// JoinTokenExpiryMetric is the expiry time of the bootstrap token, in Unix seconds. It has no labels.
	JoinTokenExpiryMetric = "kubeadm_bootstrap_token_expiry_timestamp_seconds"
	// CertificateExpiryMetric is the expiry time of a certificate in /etc/kubernetes/pki, in Unix seconds. The label
	// "certificate" is its name in `kubeadm certs check-expiration`, e.g. "apiserver".
	CertificateExpiryMetric = "kubeadm_certificate_expiry_timestamp_seconds"
)

// kubeletCertificateTTL is exported by kubelet: seconds until its client certificate expires, infinite without one.
const kubeletCertificateTTL = "kubelet_certificate_manager_client_ttl_seconds"

// credentialRules also raise an alert if the metrics are missing, since renewal is unattended.
func credentialRules(certificateLead, joinTokenLead time.Duration) []Rule {
	return []Rule{
		Alert("CertificateNearExpiry", Critical, "1h",
			fmt.Sprintf("%s - time() < %d", CertificateExpiryMetric, int64(certificateLead/time.Second)),
			"certificate {{ $labels.certificate }} on {{ $labels.node }} expires in {{ $value | humanizeDuration }}, less than "+promDuration(certificateLead)),
		Alert("KubeletCertificateNearExpiry", Critical, "1h",
			fmt.Sprintf("%s < %d", kubeletCertificateTTL, int64(certificateLead/time.Second)),
			"kubelet's certificate on {{ $labels.node }} expires in {{ $value | humanizeDuration }} and was not renewed"),
		Alert("JoinTokenNearExpiry", Warning, "10m",
			fmt.Sprintf("%s - time() < %d", JoinTokenExpiryMetric, int64(joinTokenLead/time.Second)),
			"the join token expires in {{ $value | humanizeDuration }} and was not renewed: new nodes could not join"),
		Alert("CredentialsUnwatched", Warning, "1h",
			fmt.Sprintf("absent(%s) or absent(%s)", JoinTokenExpiryMetric, CertificateExpiryMetric),
			"the control plane does not report when its certificates and the join token expire"),
	}
}
