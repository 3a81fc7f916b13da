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
	// JoinReadMetric is when the control plane last read the requests of joining nodes, in Unix seconds. It has no labels.
	JoinReadMetric = "kubeadm_join_requests_last_read_timestamp_seconds"
	// CertificateExpiryMetric is the expiry time of a certificate in /etc/kubernetes/pki, in Unix seconds. The label
	// "certificate" is its name in `kubeadm certs check-expiration`, e.g. "apiserver".
	CertificateExpiryMetric = "kubeadm_certificate_expiry_timestamp_seconds"
)

// kubeletCertificateTTL is exported by kubelet: seconds until its client certificate expires, infinite without one.
const kubeletCertificateTTL = "kubelet_certificate_manager_client_ttl_seconds"

// credentialRules also raise an alert if the metrics are missing, since renewal is unattended.
func credentialRules(certificateLead, joinReadMaxAge time.Duration) []Rule {
	return []Rule{
		Alert("CertificateNearExpiry", Critical, "1h",
			fmt.Sprintf("%s - time() < %d", CertificateExpiryMetric, int64(certificateLead/time.Second)),
			"certificate {{ $labels.certificate }} on {{ $labels.node }} expires in {{ $value | humanizeDuration }}, less than "+promDuration(certificateLead)),
		Alert("KubeletCertificateNearExpiry", Critical, "1h",
			fmt.Sprintf("%s < %d", kubeletCertificateTTL, int64(certificateLead/time.Second)),
			"kubelet's certificate on {{ $labels.node }} expires in {{ $value | humanizeDuration }} and was not renewed"),
		Alert("JoinRequestsUnread", Warning, "10m",
			fmt.Sprintf("time() - %s > %d", JoinReadMetric, int64(joinReadMaxAge/time.Second)),
			"the control plane has not read the requests of joining nodes for {{ $value | humanizeDuration }}: new nodes could not join"),
		Alert("CredentialsUnwatched", Warning, "1h",
			fmt.Sprintf("absent(%s) or absent(%s)", JoinReadMetric, CertificateExpiryMetric),
			"the control plane does not report when its certificates expire and when it read the requests of joining nodes"),
	}
}
