package boot

import (
	"context"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// Machine is a running EC2 instance.
type Machine struct {
	// ID is the instance ID.
	ID string
	// InstanceType is EC2's name of the type, e.g. "t3.medium".
	InstanceType string
	// Zone is the availability zone, PrivateIP the address in the VPC.
	Zone, PrivateIP string
	// UserData is that of the instance, in base64.
	UserData string
	// RootGiB is the size of the root volume in GiB; 0 if unknown.
	RootGiB int
	Services
}

// Services are those that a machine can use.
type Services interface {
	// PutParameter and GetParameter use SSM with the permissions of the instance profile, PutSecret with a key of KMS.
	PutParameter(name, value string) error
	PutSecret(name, value, key string) error
	GetParameter(name string) (string, error)
	// ParametersByPath reads the newest versions below a path, where SecureStrings stay encrypted, ParameterHistory that of one with
	// its writer.
	ParametersByPath(path string) (map[string]awssim.ParameterVersion, error)
	ParameterHistory(name string) (awssim.ParameterVersion, error)
	// PutObject, GetObject and ListObjects use S3 with the permissions of the instance profile.
	PutObject(bucket, key string, content []byte) error
	GetObject(bucket, key string) ([]byte, error)
	ListObjects(bucket, prefix string) ([]string, error)
	// LeaveTargets removes the machine from the load balancer's target groups of that prefix, and returns their ARNs.
	LeaveTargets(prefix string) ([]string, error)
	// DataVolume waits until a second volume is attached and returns its ID.
	DataVolume(ctx context.Context) (string, error)
	// Internet waits until routes and security groups let the machine reach the internet. The error is the obstacle.
	Internet(ctx context.Context) error
	// Reach returns nil if routes and security groups let the machine connect to a private address, or else the obstacle.
	Reach(address string, port int) error
}
