package localvolume

import (
	"errors"
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const volumeType = "kubeadm-aws:localvolume:Volume"

// ClaimTemplate is the name of the volume claim template that Claim returns.
const ClaimTemplate = "data"

// VolumeArgs configures the local volume of a StatefulSet with one replica.
type VolumeArgs struct {
	// Storage is the disk of the volume.
	Storage Storage `pulumi:"storage"`
	// Namespace and name of the StatefulSet whose pod 0 uses the volume.
	Namespace   pulumi.StringInput `pulumi:"namespace"`
	StatefulSet string             `pulumi:"statefulSet"`
	// Labels are added to the volume.
	Labels pulumi.StringMap `pulumi:"labels"`
}

// Volume is a local PersistentVolume that only its StatefulSet can claim.
type Volume struct {
	pulumi.ResourceState

	// Name of the PersistentVolume, known once it exists.
	Name pulumi.StringOutput `pulumi:"name"`
	// ClaimName is the name of the claim that the StatefulSet creates for its pod 0.
	ClaimName string `pulumi:"claimName"`

	storage Storage
}

// NewVolume creates the PersistentVolume.
func NewVolume(ctx *pulumi.Context, name string, args *VolumeArgs, opts ...pulumi.ResourceOption) (*Volume, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("local volume %s: %w", name, err)
	}
	v := &Volume{ClaimName: ClaimName(args.StatefulSet), storage: args.Storage}
	if err := ctx.RegisterComponentResource(volumeType, name, v, opts...); err != nil {
		return nil, fmt.Errorf("register local volume %s: %w", name, err)
	}
	volume, err := core.NewPersistentVolume(ctx, name, &core.PersistentVolumeArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name:   pulumi.Sprintf("%s-%s", args.Namespace, args.StatefulSet),
			Labels: args.Labels,
		},
		Spec: args.spec(v.ClaimName),
	}, pulumi.Parent(v))
	if err != nil {
		return nil, fmt.Errorf("create PersistentVolume for %s: %w", args.StatefulSet, err)
	}
	v.Name = volume.Metadata.Name().Elem()
	outputs := pulumi.Map{"name": v.Name, "claimName": pulumi.String(v.ClaimName)}
	if err := ctx.RegisterResourceOutputs(v, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of local volume %s: %w", name, err)
	}
	return v, nil
}

// ClaimName returns the name of the claim that a StatefulSet creates for its pod 0.
func ClaimName(statefulSet string) string { return ClaimTemplate + "-" + statefulSet + "-0" }

func (a *VolumeArgs) validate() error {
	if a == nil {
		return errors.New("args must not be nil")
	}
	var problems validation.Problems
	problems.Include("Storage", a.Storage.Validate())
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of the StatefulSet")
	}
	if a.StatefulSet == "" {
		problems.NotSet("StatefulSet", "must be the name of the StatefulSet that uses the volume")
	}
	return problems.Err()
}

func (a *VolumeArgs) spec(claim string) *core.PersistentVolumeSpecArgs {
	return &core.PersistentVolumeSpecArgs{
		Capacity:                      pulumi.StringMap{"storage": pulumi.Sprintf("%dGi", a.Storage.SizeGiB)},
		AccessModes:                   pulumi.ToStringArray([]string{"ReadWriteOnce"}),
		PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
		StorageClassName:              a.Storage.ClassName,
		VolumeMode:                    pulumi.String("Filesystem"),
		Local:                         &core.LocalVolumeSourceArgs{Path: pulumi.String(a.Storage.Path)},
		// Reserves the disk for this claim, among all claims of the class.
		ClaimRef: &core.ObjectReferenceArgs{
			ApiVersion: pulumi.String("v1"),
			Kind:       pulumi.String("PersistentVolumeClaim"),
			Namespace:  a.Namespace.ToStringOutput(),
			Name:       pulumi.String(claim),
		},
		NodeAffinity: &core.VolumeNodeAffinityArgs{Required: &core.NodeSelectorArgs{
			NodeSelectorTerms: core.NodeSelectorTermArray{core.NodeSelectorTermArgs{
				MatchExpressions: core.NodeSelectorRequirementArray{core.NodeSelectorRequirementArgs{
					Key:      pulumi.String("kubernetes.io/hostname"),
					Operator: pulumi.String("In"),
					Values:   pulumi.ToStringArray([]string{a.Storage.NodeName}),
				}},
			}},
		}},
	}
}

// Claim returns the volume claim template for the StatefulSet.
func (v *Volume) Claim() core.PersistentVolumeClaimTypeArgs {
	return core.PersistentVolumeClaimTypeArgs{
		Metadata: &meta.ObjectMetaArgs{Name: pulumi.String(ClaimTemplate)},
		Spec: &core.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.ToStringArray([]string{"ReadWriteOnce"}),
			StorageClassName: v.storage.ClassName,
			VolumeName:       v.Name,
			Resources: &core.VolumeResourceRequirementsArgs{
				Requests: pulumi.StringMap{"storage": pulumi.Sprintf("%dGi", v.storage.SizeGiB)},
			},
		},
	}
}
