package calico

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pins"
)

// operatorImage is the image of the operator in the chart's values.
type operatorImage struct {
	Registry string `json:"registry,omitempty"`
	Image    string `json:"image,omitempty"`
	// Version is its tag; a digest may follow.
	Version string `json:"version,omitempty"`
}

// OperatorImage returns the reference of the operator's image by the archive of the chart in a folder; false without an archive.
func OperatorImage(version, folder string) (reference string, found bool, err error) {
	var values struct {
		Operator operatorImage `json:"tigeraOperator"`
	}
	if _, found, err = Chart(version).Defaults(folder, &values); err != nil || !found {
		return "", false, err
	}
	i := values.Operator
	if i.Registry == "" || i.Image == "" || i.Version == "" {
		return "", false, fmt.Errorf("%s: values.yaml: must have registry, image and version of tigeraOperator", Chart(version).File())
	}
	return i.Registry + "/" + i.Image + ":" + i.Version, true, nil
}

// newImageSet creates the digests that the operator takes instead of its tags
// (docs.tigera.io/calico/latest/operations/image-options/imageset). Unlike the Installation it is deleted with the digests: the
// operator of a later version refuses to work beside one of this version alone.
func newImageSet(ctx *pulumi.Context, name string, args *CalicoArgs, opts ...pulumi.ResourceOption) (*apiextensions.CustomResource, error) {
	var images []map[string]any
	for _, reference := range Images(args.ChartVersion) {
		image, _, _ := strings.Cut(strings.TrimPrefix(reference, pins.CalicoRegistry), ":")
		images = append(images, map[string]any{"image": image, "digest": args.Digests[reference]})
	}
	set, err := apiextensions.NewCustomResource(ctx, name+"-images", &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String("operator.tigera.io/v1"),
		Kind:        pulumi.String("ImageSet"),
		Metadata:    &meta.ObjectMetaArgs{Name: pulumi.String("calico-" + args.ChartVersion)}, // the operator reads that of its version
		OtherFields: map[string]any{"spec": map[string]any{"images": images}},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("create the ImageSet: %w", err)
	}
	return set, nil
}
