package pod

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ChecksumAnnotation holds the checksum of a pod's Secret, so that changed credentials start a new pod.
const ChecksumAnnotation = "checksum/secret"

// NewConfigMap makes a ConfigMap whose name ends in a checksum of its files: a changed file is a new
// ConfigMap and therefore a new pod, and the old pod keeps the files it was started with.
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

// NewSecret makes a Secret of that very name and returns it with the checksum for ChecksumAnnotation.
func NewSecret(ctx *pulumi.Context, name string, pod Pod, files pulumi.StringMapOutput, opts ...pulumi.ResourceOption) (secret, checksum pulumi.StringOutput, err error) {
	object, err := core.NewSecret(ctx, name, &core.SecretArgs{
		Metadata:   &meta.ObjectMetaArgs{Name: pulumi.String(name), Namespace: pod.Namespace.ToStringOutput(), Labels: pod.Labels},
		StringData: files, // which the SDK marks as a secret
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, pulumi.StringOutput{}, fmt.Errorf("create Secret %s: %w", name, err)
	}
	// The checksum tells nothing of what it is made of: each part is, or is hashed from, 190 random bits.
	checksum = pulumi.Unsecret(files.ApplyT(Checksum)).(pulumi.StringOutput)
	return object.Metadata.Name().Elem(), checksum, nil
}

// Checksum is the SHA-256 of files, whatever their order.
func Checksum(files map[string]string) string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(files[name]), files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
