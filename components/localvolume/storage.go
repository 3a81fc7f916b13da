package localvolume

import (
	"path"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// Storage is a disk that is mounted on one node.
type Storage struct {
	// NodeName is the node's label kubernetes.io/hostname.
	NodeName string `pulumi:"nodeName"`
	// Path is the disk's mount point on the node, e.g. /var/lib/data. It must exist before the pod starts, since kubelet
	// does not create it. Pods use subPaths of it.
	Path string `pulumi:"path"`
	// SizeGiB is the size of the disk in GiB.
	SizeGiB int `pulumi:"sizeGiB"`
	// ClassName is the name of a StorageClass created by NewClass.
	ClassName pulumi.StringInput `pulumi:"className"`
}

// Validate returns all problems of the storage, joined.
func (s Storage) Validate() error {
	var problems validation.Problems
	if s.NodeName == "" {
		problems.NotSet("NodeName", "must be the name of the node that has the disk")
	}
	if !path.IsAbs(s.Path) || path.Clean(s.Path) != s.Path || s.Path == "/" {
		problems.Add("Path", s.Path, "must be the mount point of the disk, e.g. /var/lib/data")
	}
	if s.SizeGiB <= 0 {
		problems.Add("SizeGiB", s.SizeGiB, "must be the size of the disk in GiB")
	}
	if s.ClassName == nil {
		problems.NotSet("ClassName", "must be the name of the StorageClass for local volumes")
	}
	return problems.Err()
}
