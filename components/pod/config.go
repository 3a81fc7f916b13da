package pod

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ChecksumAnnotation holds the checksum of a pod's Secret, so that changed credentials restart the pod.
const ChecksumAnnotation = "checksum/secret"

// NewConfigMap creates a ConfigMap and returns its name, which ends in a checksum of the files. A changed file therefore
// makes a new ConfigMap and a new pod, and the old pod keeps its files.
func NewConfigMap(ctx *pulumi.Context, name string, pod Pod, files map[string]string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	config, err := core.NewConfigMap(ctx, name, &core.ConfigMapArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name:      pulumi.String(name + "-" + Checksum(files)[:10]),
			Namespace: pod.Namespace.ToStringOutput(),
			Labels:    pod.Labels,
		},
		Data: pulumi.ToStringMap(files),
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create ConfigMap %s: %w", name, err)
	}
	return config.Metadata.Name().Elem(), nil
}

// NewSecret creates a Secret named name. It returns the Secret's name and the value of ChecksumAnnotation.
func NewSecret(ctx *pulumi.Context, name string, pod Pod, files pulumi.StringMapOutput, opts ...pulumi.ResourceOption) (secret, checksum pulumi.StringOutput, err error) {
	object, err := core.NewSecret(ctx, name, &core.SecretArgs{
		Metadata:   &meta.ObjectMetaArgs{Name: pulumi.String(name), Namespace: pod.Namespace.ToStringOutput(), Labels: pod.Labels},
		StringData: files, // marked as a secret by the SDK
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, pulumi.StringOutput{}, fmt.Errorf("create Secret %s: %w", name, err)
	}
	// The checksum reveals nothing: each password is, or is hashed from, 190 random bits.
	checksum = pulumi.Unsecret(files.ApplyT(Checksum)).(pulumi.StringOutput)
	return object.Metadata.Name().Elem(), checksum, nil
}

// Checksum returns the SHA-256 of files, independent of their order.
func Checksum(files map[string]string) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(files[name]), files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
