// Package localvolume gives a StatefulSet the disk of one node: a local PersistentVolume, bound to its
// claim beforehand. No CSI driver and no cloud permission is needed, and the data outlive the pod.
package localvolume

import (
	"errors"
	"fmt"

	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storage "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const classType = "kubeadm-aws:localvolume:Class"

// ClassArgs describe the StorageClass that all local volumes of a cluster share.
type ClassArgs struct {
	// Name of the StorageClass, for example "local-data".
	Name string
}

// Class is a StorageClass without a provisioner.
type Class struct {
	pulumi.ResourceState

	// Name of the StorageClass; known once it exists.
	Name pulumi.StringOutput
}

// NewClass makes the StorageClass. It is not the default class: a claim that asks for nothing in
// particular must stay Pending with a clear event rather than take a store's disk.
func NewClass(ctx *pulumi.Context, name string, args *ClassArgs, opts ...pulumi.ResourceOption) (*Class, error) {
	if args == nil || args.Name == "" {
		return nil, fmt.Errorf("local volume class %s: %w", name, errors.New("Name is empty; give a name such as local-data"))
	}
	c := &Class{}
	if err := ctx.RegisterComponentResource(classType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("register local volume class %s: %w", name, err)
	}
	class, err := storage.NewStorageClass(ctx, name, &storage.StorageClassArgs{
		Metadata:    &meta.ObjectMetaArgs{Name: pulumi.String(args.Name)},
		Provisioner: pulumi.String("kubernetes.io/no-provisioner"),
		// Binding waits for the pod, so that a claim never takes a volume on a node the pod may not use.
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
