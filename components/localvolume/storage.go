package localvolume

import (
	"errors"
	"fmt"
	"path"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Storage is a disk that is mounted on one node.
type Storage struct {
	// NodeName is the node's kubernetes.io/hostname.
	NodeName string
	// Path is where the node mounts the disk, for example /var/lib/data. It must exist before the pod
	// starts, since kubelet does not create it: give the mount point and let the pod use a subPath of it.
	Path string
	// SizeGiB is the size of the disk.
	SizeGiB int
	// ClassName is the name of a StorageClass made by NewClass.
	ClassName pulumi.StringInput
}

// Validate returns every problem of the storage, joined.
func (s Storage) Validate() error {
	var problems []error
	if s.NodeName == "" {
		problems = append(problems, errors.New("Storage.NodeName is empty; give the name of the node that has the disk"))
	}
	if !path.IsAbs(s.Path) || path.Clean(s.Path) != s.Path || s.Path == "/" {
		problems = append(problems, fmt.Errorf("Storage.Path is %q; give the mount point of the disk, such as /var/lib/data", s.Path))
	}
	if s.SizeGiB <= 0 {
		problems = append(problems, fmt.Errorf("Storage.SizeGiB is %d; give the size of the disk in GiB", s.SizeGiB))
	}
	if s.ClassName == nil {
		problems = append(problems, errors.New("Storage.ClassName is missing; give the name of the StorageClass for local volumes"))
	}
	return errors.Join(problems...)
}
