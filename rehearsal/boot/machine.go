package boot

import "context"

// Machine is a running EC2 instance, as far as a boot needs it.
type Machine struct {
	// ID is the instance ID.
	ID string
	// InstanceType is EC2's name of the type, for example "t3.medium".
	InstanceType string
	// PrivateIP is the address in the VPC.
	PrivateIP string
	// UserData is what the instance was launched with, in base64.
	UserData string
	// RootGiB is the size of the root volume in GiB; 0 when it is not known.
	RootGiB int
	Services
}

// Services are what a machine can ask of the world around it.
type Services interface {
	// PutParameter and GetParameter use SSM with the permissions of the instance profile.
	PutParameter(name, value string) error
	GetParameter(name string) (string, error)
	// PutObject, GetObject and ListObjects use S3 with the permissions of the instance profile.
	PutObject(bucket, key string, content []byte) error
	GetObject(bucket, key string) ([]byte, error)
	ListObjects(bucket, prefix string) ([]string, error)
	// DataVolume waits until a second volume is attached and returns its ID.
	DataVolume(ctx context.Context) (string, error)
	// Internet waits until routes and security groups let the machine reach the internet, or says why they do not.
	Internet(ctx context.Context) error
	// Reach returns nil when routes and security groups let the machine connect to a private address, or says why not.
	Reach(address string, port int) error
}
