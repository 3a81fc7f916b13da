// Command pulumi-resource-kubernetes is the real Kubernetes provider, built from its Go module: upstream publishes
// programs, which a machine without internet cannot download, but also the sources.
package main

import (
	"bytes"
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

// The tool builder overlays both files with those of the provider's module, in its folder cmd/pulumi-resource-kubernetes.
var (
	//go:embed schema.json
	schema []byte
	//go:embed terraform-mapping.json
	terraformMapping []byte
)

func main() {
	// The module's schema has no version: upstream's release adds it. The provider refuses to start without one.
	versioned := bytes.Replace(schema, []byte("{"), []byte(`{"version": "`+version.Version+`",`), 1)
	provider.Serve("kubernetes", version.Version, versioned, terraformMapping)
}
