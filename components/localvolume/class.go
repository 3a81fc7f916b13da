// Package localvolume provides a pod with the disk of a node: a local PersistentVolume with a claim that is bound to it in
// advance. It needs neither a CSI driver nor cloud permissions, and the data outlives pod, controller and claim.
package localvolume

import (
	"fmt"

	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storage "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const classType = "kubeadm-aws:localvolume:Class"

// ClassArgs configures the StorageClass of all local volumes of a cluster.
type ClassArgs struct {
	// Name of the StorageClass, e.g. "local-data".
	Name string `pulumi:"name"`
}

// Class is a StorageClass without a provisioner.
type Class struct {
	pulumi.ResourceState

	// Name of the StorageClass, known once it exists.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewClass creates the StorageClass. It is not the default class, so that a claim without a class stays Pending with a clear
// event instead of taking a store's disk.
func NewClass(ctx *pulumi.Context, name string, args *ClassArgs, opts ...pulumi.ResourceOption) (*Class, error) {
	if args == nil || args.Name == "" {
		return nil, fmt.Errorf("local volume class %s: %w", name, validation.Problem{Field: "Name", Must: "must be a name, e.g. local-data"})
	}
	c := &Class{}
	if err := ctx.RegisterComponentResource(classType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("register local volume class %s: %w", name, err)
	}
	class, err := storage.NewStorageClass(ctx, name, &storage.StorageClassArgs{
		Metadata:    &meta.ObjectMetaArgs{Name: pulumi.String(args.Name)},
		Provisioner: pulumi.String("kubernetes.io/no-provisioner"),
		// Binding waits for the pod, so that a claim never gets a volume on a node that the pod cannot use.
		VolumeBindingMode: pulumi.String("WaitForFirstConsumer"),
		ReclaimPolicy:     pulumi.String("Retain"),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("create StorageClass %s: %w", args.Name, err)
	}
	c.Name = class.Metadata.Name().Elem()
	if err := ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name}); err != nil {
		return nil, fmt.Errorf("register outputs of local volume class %s: %w", name, err)
	}
	return c, nil
}
