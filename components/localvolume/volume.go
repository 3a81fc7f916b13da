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

// PodVolumeName is the name of the volume in the pod that PodVolume returns.
const PodVolumeName = "data"

const (
	// claimSize is the same for a disk of any size, since the spec of a claim is immutable. The claim is for one named
	// volume, so it gets the whole disk.
	claimSize = "1Gi"

	// skipAwait is set on claims: for a class that waits for the first pod, pulumi-kubernetes 4.30 waits until the claim is
	// Pending, and a claim that names its volume is Bound at once.
	skipAwait = "pulumi.com/skipAwait"
	// patchForce takes over the reference to the claim from the controller manager, which completes it when it binds.
	patchForce = "pulumi.com/patchForce"
)

// VolumeArgs configures a local volume and its claim.
type VolumeArgs struct {
	// Storage is the disk of the volume.
	Storage Storage `pulumi:"storage"`
	// Namespace and name of the claim.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	Claim     string             `pulumi:"claim"`
	// Labels are added to the volume and the claim.
	Labels pulumi.StringMap `pulumi:"labels"`
}

// Volume is a local PersistentVolume with its claim. The claim is no template of a StatefulSet: a set that is replaced, or
// deleted and created again, finds its claim, and a disk that grows changes neither.
type Volume struct {
	pulumi.ResourceState

	// Name of the PersistentVolume, known once it exists.
	Name pulumi.StringOutput `pulumi:"name"`
	// Claim is the name of the claim, known once the volume is reserved for it.
	Claim pulumi.StringOutput `pulumi:"claim"`
}

// NewVolume creates the PersistentVolume and the claim, and reserves one for the other.
func NewVolume(ctx *pulumi.Context, name string, args *VolumeArgs, opts ...pulumi.ResourceOption) (*Volume, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("local volume %s: %w", name, err)
	}
	v := &Volume{}
	if err := ctx.RegisterComponentResource(volumeType, name, v, opts...); err != nil {
		return nil, fmt.Errorf("register local volume %s: %w", name, err)
	}
	volume, err := core.NewPersistentVolume(ctx, name, &core.PersistentVolumeArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name:   pulumi.Sprintf("%s-%s", args.Namespace, args.Claim),
			Labels: args.Labels,
		},
		Spec: args.spec(),
	}, pulumi.Parent(v))
	if err != nil {
		return nil, fmt.Errorf("create PersistentVolume for %s: %w", args.Claim, err)
	}
	v.Name = volume.Metadata.Name().Elem()
	claim, err := core.NewPersistentVolumeClaim(ctx, name, args.claim(v.Name), pulumi.Parent(v))
	if err != nil {
		return nil, fmt.Errorf("create claim %s: %w", args.Claim, err)
	}
	bound, err := core.NewPersistentVolumePatch(ctx, name, args.reservation(v.Name, claim), pulumi.Parent(v),
		// It goes with the volume. To give it up, the provider would apply an empty volume.
		pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, fmt.Errorf("reserve PersistentVolume for %s: %w", args.Claim, err)
	}
	v.Claim = pulumi.All(claim.Metadata.Name().Elem(), bound.ID()).ApplyT(func(all []any) string { return all[0].(string) }).(pulumi.StringOutput)
	if err := ctx.RegisterResourceOutputs(v, pulumi.Map{"name": v.Name, "claim": v.Claim}); err != nil {
		return nil, fmt.Errorf("register outputs of local volume %s: %w", name, err)
	}
	return v, nil
}

// PodVolume returns the volume for the spec of a pod.
func (v *Volume) PodVolume() core.VolumeArgs {
	return core.VolumeArgs{
		Name:                  pulumi.String(PodVolumeName),
		PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSourceArgs{ClaimName: v.Claim},
	}
}

func (a *VolumeArgs) validate() error {
	if a == nil {
		return errors.New("args must not be nil")
	}
	var problems validation.Problems
	problems.Include("Storage", a.Storage.Validate())
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of the claim")
	}
	if a.Claim == "" {
		problems.NotSet("Claim", "must be the name of the claim, e.g. that of its StatefulSet")
	}
	return problems.Err()
}

// spec has no reference to the claim. reservation owns it: an update of the volume, e.g. for a larger disk, would otherwise
// conflict with the controller manager over the one atomic field.
func (a *VolumeArgs) spec() *core.PersistentVolumeSpecArgs {
	return &core.PersistentVolumeSpecArgs{
		Capacity:                      pulumi.StringMap{"storage": pulumi.Sprintf("%dGi", a.Storage.SizeGiB)},
		AccessModes:                   accessModes(),
		PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
		StorageClassName:              a.Storage.ClassName,
		VolumeMode:                    pulumi.String("Filesystem"),
		Local:                         &core.LocalVolumeSourceArgs{Path: pulumi.String(a.Storage.Path)},
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

func (a *VolumeArgs) claim(volume pulumi.StringInput) *core.PersistentVolumeClaimArgs {
	return &core.PersistentVolumeClaimArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name: pulumi.String(a.Claim), Namespace: a.Namespace, Labels: a.Labels,
			Annotations: pulumi.StringMap{skipAwait: pulumi.String("true")},
		},
		Spec: &core.PersistentVolumeClaimSpecArgs{
			AccessModes:      accessModes(),
			StorageClassName: a.Storage.ClassName,
			VolumeName:       volume,
			Resources:        &core.VolumeResourceRequirementsArgs{Requests: pulumi.StringMap{"storage": pulumi.String(claimSize)}},
		},
	}
}

// reservation binds the volume to the claim by its UID. A claim that was deleted and created again has another UID, and the
// volume would otherwise stay Released: bound to a claim that is no more.
func (a *VolumeArgs) reservation(volume pulumi.StringInput, claim *core.PersistentVolumeClaim) *core.PersistentVolumePatchArgs {
	return &core.PersistentVolumePatchArgs{
		Metadata: &meta.ObjectMetaPatchArgs{
			Name: volume.ToStringOutput(), Annotations: pulumi.StringMap{patchForce: pulumi.String("true")},
		},
		Spec: &core.PersistentVolumeSpecPatchArgs{ClaimRef: &core.ObjectReferencePatchArgs{
			ApiVersion: pulumi.String("v1"),
			Kind:       pulumi.String("PersistentVolumeClaim"),
			Namespace:  a.Namespace.ToStringOutput(),
			Name:       claim.Metadata.Name(),
			Uid:        claim.Metadata.Uid(),
		}},
	}
}

func accessModes() pulumi.StringArray { return pulumi.ToStringArray([]string{"ReadWriteOnce"}) }
