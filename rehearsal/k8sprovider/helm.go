package k8sprovider

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// Charts need Helm and a way to their repositories, which a rehearsal does not have.
const (
	helmRelease = "kubernetes:helm.sh/v3:Release"
	helmChart   = "kubernetes:helm.sh/v4:Chart"
	noHelm      = "this stand-in for pulumi-kubernetes has no Helm; the real plugin would install it"
)

func isHelm(urn string) bool { return string(resource.URN(urn).Type()) == helmRelease }

// notInstalledStatus is the status that a release reports here instead of "deployed".
const notInstalledStatus = "not installed here"

func checkHelm(req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, err
	}
	if text(inputs, "chart") == "" && !inputs["chart"].IsComputed() {
		return failure(req, "a release needs a chart"), nil
	}
	olds, err := decode(req.GetOlds())
	if err != nil {
		return nil, err
	}
	if _, ok := inputs["name"]; !ok {
		name := text(olds, "name")
		if name == "" {
			if name, err = resource.NewUniqueName(req.GetRandomSeed(), nameOf(req.GetUrn())+"-", 0, 0, nil); err != nil {
				return nil, fmt.Errorf("make a name: %w", err)
			}
		}
		inputs["name"] = resource.NewProperty(name)
	}
	properties, err := encode(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: properties}, nil
}

func diffHelm(req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := decode(req.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := decode(req.GetNews())
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

func (i *instance) createHelm(req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, err := decode(req.GetProperties())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		return previewOnly(inputs)
	}
	i.skipRelease(req.GetUrn(), inputs)
	properties, err := encode(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: text(inputs, "namespace") + "/" + text(inputs, "name"), Properties: properties}, nil
}

func (i *instance) updateHelm(req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	inputs, err := decode(req.GetNews())
	if err != nil || req.GetPreview() {
		return &pulumirpc.UpdateResponse{Properties: req.GetNews()}, err
	}
	i.skipRelease(req.GetUrn(), inputs)
	properties, err := encode(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

// skipRelease warns, remembers, and gives the release a status that nobody can take for an installed one.
func (i *instance) skipRelease(urn string, inputs resource.PropertyMap) {
	i.leaveOut(urn, inputs)
	inputs["status"] = resource.NewProperty(resource.PropertyMap{
		"name":      inputs["name"],
		"namespace": resource.NewProperty(text(inputs, "namespace")),
		"chart":     inputs["chart"],
		"status":    resource.NewProperty(notInstalledStatus),
	})
}

func (i *instance) leaveOut(urn string, inputs resource.PropertyMap) {
	item := NotInstalled{
		Name: nameOf(urn), Chart: text(inputs, "chart"), Version: text(inputs, "version"), Reason: noHelm,
	}
	i.provider.leaveOut(item)
	i.Log(urn, pulumirpc.LogSeverity_WARNING, "NOT INSTALLED HERE: chart %s %s: %s",
		item.Chart, item.Version, item.Reason)
}

// Construct answers for the remote components of the SDK. A chart becomes an empty component that is reported as not
// installed; the YAML and kustomize components are refused.
func (i *instance) Construct(
	ctx context.Context, req *pulumirpc.ConstructRequest,
) (*pulumirpc.ConstructResponse, error) {
	if req.GetType() != helmChart {
		return nil, status.Errorf(codes.Unimplemented,
			"%s is not in this stand-in for pulumi-kubernetes: install the real plugin to rehearse it", req.GetType())
	}
	inputs, err := decode(req.GetInputs())
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(req.GetMonitorEndpoint(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("reach the engine at %s: %w", req.GetMonitorEndpoint(), err)
	}
	defer conn.Close()
	monitor := pulumirpc.NewResourceMonitorClient(conn)
	registered, err := monitor.RegisterResource(ctx, &pulumirpc.RegisterResourceRequest{
		Type: req.GetType(), Name: req.GetName(), Parent: req.GetParent(), Object: req.GetInputs(),
		Dependencies: req.GetDependencies(), Providers: req.GetProviders(), AcceptSecrets: true, AcceptResources: true,
	})
	if err != nil {
		return nil, fmt.Errorf("register %s: %w", req.GetName(), err)
	}
	if !req.GetDryRun() {
		i.leaveOut(registered.GetUrn(), inputs)
	}
	state, err := encode(resource.PropertyMap{"resources": resource.NewProperty([]resource.PropertyValue{})})
	if err != nil {
		return nil, err
	}
	_, err = monitor.RegisterResourceOutputs(ctx, &pulumirpc.RegisterResourceOutputsRequest{
		Urn: registered.GetUrn(), Outputs: state,
	})
	if err != nil {
		return nil, fmt.Errorf("register the outputs of %s: %w", req.GetName(), err)
	}
	return &pulumirpc.ConstructResponse{Urn: registered.GetUrn(), State: state}, nil
}

func text(properties resource.PropertyMap, key resource.PropertyKey) string {
	if value := revealValue(properties[key]); value.IsString() {
		return strings.TrimSpace(value.StringValue())
	}
	return ""
}
