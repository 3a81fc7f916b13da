package kubeadm

import (
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

const (
	// minTLS is the lowest version that API server and kubelet accept. All suites of TLS 1.3 are strong.
	minTLS = "VersionTLS13"
	// podPidsLimit is the maximum number of processes and threads of one pod.
	podPidsLimit = 1024
	// AuditLog is the path of the audit log on the control plane. Older files lie beside it.
	AuditLog = auditDir + "/audit.log"
	auditDir = "/var/log/kubernetes/audit"
	// EncryptionDir is the directory below the state directory with the keys of Secrets. It is not part of a backup.
	EncryptionDir = "encryption"
	// EncryptionFile is the file of EncryptionDir.
	EncryptionFile = "keys.json"
)

// apiServerFiles are embedded files that the API server reads.
var apiServerFiles = []string{"audit.yaml", "authentication.yaml"}

// hardened returns the flags of every component of the control plane.
func hardened() []argument {
	return []argument{{"profiling", "false"}, {"tls-min-version", minTLS}}
}

// apiServer returns the API server. Nodes join by their instance, so no token is of use.
func (c *ControlPlaneConfig) apiServer() apiServer {
	keys := c.stateDir() + "/" + EncryptionDir
	return apiServer{
		component: component{ExtraArgs: append(append(hardened(), c.issuer()...),
			argument{"enable-bootstrap-token-auth", "false"},
			argument{"authentication-config", userdata.APIServerDir + "/authentication.yaml"},
			argument{"audit-policy-file", userdata.APIServerDir + "/audit.yaml"},
			argument{"audit-log-path", AuditLog},
			argument{"audit-log-maxage", "30"},    // days
			argument{"audit-log-maxbackup", "10"}, // files
			argument{"audit-log-maxsize", "100"},  // MiB each
			// kubeadm's own, and nobody may draw traffic for addresses outside of the cluster to a pod.
			argument{"enable-admission-plugins", "NodeRestriction,DenyServiceExternalIPs"},
			argument{"encryption-provider-config", keys + "/" + EncryptionFile},
			// A rotation of the keys restarts nothing.
			argument{"encryption-provider-config-automatic-reload", "true"},
		)},
		ExtraVolumes: []volume{
			{Name: "apiserver", HostPath: userdata.APIServerDir, MountPath: userdata.APIServerDir, ReadOnly: true, PathType: "Directory"},
			{Name: "audit", HostPath: auditDir, MountPath: auditDir, PathType: "DirectoryOrCreate"},
			{Name: "encryption", HostPath: keys, MountPath: keys, ReadOnly: true, PathType: "Directory"},
		},
		CertSANs: c.certSANs(),
	}
}

// issuer returns the flags by which AWS can verify tokens of service accounts.
func (c *ControlPlaneConfig) issuer() []argument {
	if c.IssuerBucket == "" {
		return nil
	}
	issuer := IssuerURL(c.IssuerBucket, c.Region)
	return []argument{
		{"service-account-issuer", issuer},
		// Tokens that pods hold while a running cluster gets its first issuer of this kind.
		{"service-account-issuer", "https://kubernetes.default.svc.cluster.local"},
		{"service-account-jwks-uri", issuer + "/" + KeysKey},
	}
}
