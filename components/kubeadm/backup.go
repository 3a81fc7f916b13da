package kubeadm

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Where the control plane keeps its backups in the bucket. Each archive is stored twice: under its name, for as long as the
// bucket keeps it, and as the latest, which must never expire.
const (
	// BackupPrefix begins every key.
	BackupPrefix = "etcd/"
	// BackupHistory begins the keys of the archives by name; a lifecycle rule may expire what is below it.
	BackupHistory = BackupPrefix + "history/"
	// BackupLatest is the key that a blank disk is restored from.
	BackupLatest = BackupPrefix + "latest.tar.gz"
	// BackupSuffix ends a name's key.
	BackupSuffix = ".tar.gz"
)

// Names of what is in an archive beside the authorities.
const (
	BackupManifestName = "manifest.json"
	BackupSnapshotName = "snapshot.db"
)

// Authorities are the files below the certificates' folder that make a cluster the same cluster. kubeadm makes all others from
// them. An archive holds them below "pki/".
func Authorities() []string {
	return []string{"ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"}
}

// BackupManifest is an archive's manifest.json: what the backup is of, and how to tell that it is whole.
type BackupManifest struct {
	// Name is the time in UTC, for example 20261124T180000Z. Names sort by age.
	Name string `json:"name"`
	// Cluster is the cluster's name, InstanceID the EC2 instance that made the backup.
	Cluster    string `json:"cluster"`
	InstanceID string `json:"instanceId"`
	// KubernetesVersion and EtcdVersion are complete, without a leading v. A snapshot is good for its minor version of etcd only.
	KubernetesVersion string `json:"kubernetesVersion"`
	EtcdVersion       string `json:"etcdVersion"`
	// Revision and TotalKeys are what etcd says of the snapshot; a key counts once for each of its revisions.
	Revision  int64 `json:"revision"`
	TotalKeys int64 `json:"totalKeys"`
	// SHA256 has the checksum of each other file in the archive, in hexadecimal, by name.
	SHA256 map[string]string `json:"sha256"`
}

// keepBackups lets the control plane write, read and list its backups, and nothing else: what it has written it cannot
// delete, and what it overwrites stays as an older version.
func keepBackups(bucketARN pulumi.StringInput) []Statement {
	return []Statement{
		{Sid: "Backups", Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: pulumi.StringArray{pulumi.Sprintf("%s/"+BackupPrefix+"*", bucketARN)}},
		{Sid: "ListBackups", Actions: []string{"s3:ListBucket"}, Resources: pulumi.StringArray{bucketARN}},
	}
}
