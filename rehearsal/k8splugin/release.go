package k8splugin

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// releaseType is the one type that the forwarder may answer for.
const releaseType = "kubernetes:helm.sh/v3:Release"

// notInstalledStatus is the status of a release that was left out, in place of "deployed".
const notInstalledStatus = "not installed here"

func isRelease(urn string) bool { return resource.URN(urn).Type() == releaseType }

// missing returns why the chart of a release cannot be had; empty for every other resource.
func (f *forwarder) missing(ctx context.Context, urn string, inputs *structpb.Struct) (string, error) {
	if !isRelease(urn) {
		return "", nil
	}
	release, err := fakeprovider.Unmarshal(inputs)
	if err != nil {
		return "", err
	}
	repository := ""
	if options := release["repositoryOpts"]; options.IsObject() {
		repository = text(options.ObjectValue()["repo"])
	}
	return f.plugin.options.Charts.Missing(ctx, repository, text(release["chart"]), text(release["version"])), nil
}

// leftOut reports whether a release's state is one that the forwarder made.
func leftOut(urn string, state *structpb.Struct) bool {
	return isRelease(urn) && state.GetFields()["status"].GetStructValue().GetFields()["status"].GetStringValue() == notInstalledStatus
}

// checkRelease accepts the inputs as they are, named as the real provider names a release without a name.
func checkRelease(r *pulumirpc.CheckRequest, err error) (*pulumirpc.CheckResponse, error) {
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(r.GetNews())
	if err != nil {
		return nil, err
	}
	if text(inputs["name"]) == "" {
		olds, err := fakeprovider.Unmarshal(r.GetOlds())
		if err != nil {
			return nil, err
		}
		inputs["name"] = olds["name"]
		if text(inputs["name"]) == "" {
			name, err := resource.NewUniqueName(r.GetRandomSeed(), resource.URN(r.GetUrn()).Name()+"-", 0, 0, nil)
			if err != nil {
				return nil, fmt.Errorf("name a release: %w", err)
			}
			inputs["name"] = resource.NewProperty(name)
		}
	}
	properties, err := fakeprovider.Marshal(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: properties}, nil
}

func diffRelease(r *pulumirpc.DiffRequest, err error) (*pulumirpc.DiffResponse, error) {
	if err != nil {
		return nil, err
	}
	olds, err := fakeprovider.Unmarshal(r.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := fakeprovider.Unmarshal(r.GetNews())
	if err != nil {
		return nil, err
	}
	diff := olds.Diff(news)
	if diff == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	for _, key := range diff.ChangedKeys() {
		response.Diffs = append(response.Diffs, string(key))
		if key == "name" || key == "namespace" {
			response.Replaces = append(response.Replaces, string(key))
		}
	}
	return response, nil
}

func (f *forwarder) createRelease(ctx context.Context, r *pulumirpc.CreateRequest, reason string, err error) (*pulumirpc.CreateResponse, error) {
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(r.GetProperties())
	if err != nil || r.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: r.GetProperties()}, err
	}
	release := leftOutRelease(r.GetUrn(), inputs, reason)
	if err := f.plugin.replace(ctx, release); err != nil {
		return nil, err
	}
	properties, err := f.skip(release, inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: text(inputs["namespace"]) + "/" + text(inputs["name"]), Properties: properties}, nil
}

func (f *forwarder) updateRelease(r *pulumirpc.UpdateRequest, reason string, err error) (*pulumirpc.UpdateResponse, error) {
	if err != nil {
		return nil, err
	}
	inputs, err := fakeprovider.Unmarshal(r.GetNews())
	if err != nil || r.GetPreview() {
		return &pulumirpc.UpdateResponse{Properties: r.GetNews()}, err
	}
	properties, err := f.skip(leftOutRelease(r.GetUrn(), inputs, reason), inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

func leftOutRelease(urn string, inputs resource.PropertyMap, reason string) NotInstalled {
	return NotInstalled{Name: resource.URN(urn).Name(), Chart: text(inputs["chart"]), Version: text(inputs["version"]), Reason: reason}
}

// skip records that a release was left out, and returns a state that cannot be taken for an installed one.
func (f *forwarder) skip(release NotInstalled, inputs resource.PropertyMap) (*structpb.Struct, error) {
	f.plugin.leaveOut(release)
	state := inputs.Copy()
	state["status"] = resource.NewProperty(resource.PropertyMap{
		"name":      inputs["name"],
		"namespace": resource.NewProperty(text(inputs["namespace"])),
		"chart":     inputs["chart"],
		"status":    resource.NewProperty(notInstalledStatus),
	})
	return fakeprovider.Marshal(state)
}

// text is a property's string, secret or not; empty if it is none.
func text(value resource.PropertyValue) string {
	if value.IsSecret() {
		return text(value.SecretValue().Element)
	}
	if value.IsString() {
		return value.StringValue()
	}
	return ""
}
