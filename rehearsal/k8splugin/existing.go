package k8splugin

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// refuseExisting fails if the object that is to be created exists, as pulumi-kubernetes does since 4.29. Earlier versions,
// and so the one that can be built here, take it over by server-side apply. The plugin itself reads the object: an empty ID
// means that there is none.
func (f *forwarder) refuseExisting(ctx context.Context, r *pulumirpc.CreateRequest) error {
	urn := resource.URN(r.GetUrn())
	// A patch resource needs an object that exists; a release is refused by Helm.
	if r.GetPreview() || strings.HasSuffix(string(urn.Type()), "Patch") || isRelease(r.GetUrn()) {
		return nil
	}
	inputs, err := fakeprovider.Unmarshal(r.GetProperties())
	if err != nil {
		return err
	}
	id := objectID(inputs)
	found, err := forward(ctx, f, &pulumirpc.ReadRequest{Id: id, Urn: r.GetUrn()}, client.Read)
	if err != nil || found.GetId() == "" {
		return err
	}
	return status.Errorf(codes.AlreadyExists, "%s %s already exists, and this program has not created it", urn.Type().Name(), id)
}

// objectID is an object's name after its namespace, if it has one.
func objectID(inputs resource.PropertyMap) string {
	metadata := inputs["metadata"]
	if metadata.IsSecret() {
		metadata = metadata.SecretValue().Element
	}
	if !metadata.IsObject() {
		return ""
	}
	name, namespace := text(metadata.ObjectValue()["name"]), text(metadata.ObjectValue()["namespace"])
	if namespace != "" {
		return namespace + "/" + name
	}
	return name
}
