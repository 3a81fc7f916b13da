package kubeadm

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Keys of the backups in the bucket. Each archive is stored twice: under its name, which may expire, and as the latest, which
// must not.
const (
	// BackupPrefix begins every key.
	BackupPrefix = "etcd/"
	// BackupHistory begins the keys of the archives by name; a lifecycle rule may expire them.
	BackupHistory = BackupPrefix + "history/"
	// BackupLatest is the key of the archive that is restored onto a blank disk.
	BackupLatest = BackupPrefix + "latest.tar.gz"
	// BackupSuffix ends the key of a named archive.
	BackupSuffix = ".tar.gz"
)

// BackupCommand runs on the control plane as root, and returns when the backup is stored.
const BackupCommand = "systemctl start " + saveUnit

// Names of the files in an archive beside the certificate authorities.
const (
	BackupManifestName = "manifest.json"
	BackupSnapshotName = "snapshot.db"
)

// Authorities returns the files below the certificates' folder that identify a cluster; kubeadm issues all others from them.
// An archive holds them below "pki/".
func Authorities() []string {
	return []string{"ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"}
}

// BackupManifest is the manifest.json of an archive: its origin, and the checksums of its files.
type BackupManifest struct {
	// Name is the time in UTC, e.g. 20261124T180000Z. Names sort by age.
	Name string `json:"name"`
	// Cluster is the cluster's name, InstanceID the EC2 instance that made the backup.
	Cluster    string `json:"cluster"`
	InstanceID string `json:"instanceId"`
	// KubernetesVersion and EtcdVersion are complete, without a leading v. A snapshot can be restored by the same minor version of etcd only.
	KubernetesVersion string `json:"kubernetesVersion"`
	EtcdVersion       string `json:"etcdVersion"`
	// Revision and TotalKeys are etcd's figures of the snapshot; a key counts once for each of its revisions.
	Revision  int64 `json:"revision"`
	TotalKeys int64 `json:"totalKeys"`
	// SHA256 has the checksum of each other file in the archive, in hexadecimal, by name.
	SHA256 map[string]string `json:"sha256"`
}

// keepBackups allows the control plane to write and list its backups, but neither to read nor to delete them: an overwritten
// object stays as a noncurrent version. LentPolicy is about reading.
func keepBackups(bucketARN pulumi.StringInput) []Statement {
	return []Statement{
		{Sid: "Backups", Actions: []string{"s3:PutObject"}, Resources: pulumi.StringArray{pulumi.Sprintf("%s/"+BackupPrefix+"*", bucketARN)}},
		{Sid: "ListBackups", Actions: []string{"s3:ListBucket"}, Resources: pulumi.StringArray{bucketARN}},
	}
}
