package cost

import (
	"context"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// monitor is a resource monitor that records registrations and creates nothing.
type monitor struct {
	pulumirpc.UnimplementedResourceMonitorServer

	project, stack string

	mu   sync.Mutex
	list []Resource
	err  error
}

// GetDeploymentInfo returns the features that programs rely on.
func (m *monitor) GetDeploymentInfo(context.Context, *emptypb.Empty) (*pulumirpc.DeploymentInfo, error) {
	return &pulumirpc.DeploymentInfo{SupportedFeatures: []pulumirpc.ResourceMonitorFeature{
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_SECRETS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_DELETED_WITH,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
		// Without it, Pulumi's SDK drops the registration of a resource with such a hook, and says nothing.
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
	}}, nil
}

// RegisterResource returns the inputs as outputs; all other outputs, and the ID, stay unknown.
func (m *monitor) RegisterResource(_ context.Context, in *pulumirpc.RegisterResourceRequest) (*pulumirpc.RegisterResourceResponse, error) {
	name := m.urn(in.GetParent(), in.GetType(), in.GetName())
	if in.GetCustom() && !strings.HasPrefix(in.GetType(), "pulumi:") {
		m.record(in, name)
	}
	return &pulumirpc.RegisterResourceResponse{Urn: name, Object: in.GetObject()}, nil
}

func (m *monitor) record(in *pulumirpc.RegisterResourceRequest, urn string) {
	inputs, err := plugin.UnmarshalProperties(in.GetObject(), plugin.MarshalOptions{KeepUnknowns: true})
	r := Resource{Type: in.GetType(), Name: in.GetName(), URN: urn, Inputs: inputs, Uses: map[string][]string{}}
	for property, used := range in.GetPropertyDependencies() {
		r.Uses[property] = used.GetUrns()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, r)
	if err != nil {
		m.err = err
	}
}

// RegisterResourceOutputs accepts the outputs of components.
func (m *monitor) RegisterResourceOutputs(context.Context, *pulumirpc.RegisterResourceOutputsRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// RegisterErrorHook accepts a hook, which is never called.
func (m *monitor) RegisterErrorHook(context.Context, *pulumirpc.RegisterErrorHookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// ReadResource returns the given properties. A resource that is read exists already, and is not recorded.
func (m *monitor) ReadResource(_ context.Context, in *pulumirpc.ReadResourceRequest) (*pulumirpc.ReadResourceResponse, error) {
	return &pulumirpc.ReadResourceResponse{Urn: m.urn(in.GetParent(), in.GetType(), in.GetName()), Properties: in.GetProperties()}, nil
}

// Invoke returns an empty result.
func (m *monitor) Invoke(context.Context, *pulumirpc.ResourceInvokeRequest) (*pulumirpc.ResourceInvokeResponse, error) {
	return &pulumirpc.ResourceInvokeResponse{Return: &structpb.Struct{}}, nil
}

// urn names a resource as the engine does. The stack has no parent.
func (m *monitor) urn(parent, token, name string) string {
	above := resource.URN(parent)
	parentType := tokens.Type("")
	if above.IsValid() && above.QualifiedType() != resource.RootStackType {
		parentType = above.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(m.stack), tokens.PackageName(m.project), parentType, tokens.Type(token), name))
}

// engine takes the messages of a program and drops them: the deployment itself shows them.
type engine struct {
	pulumirpc.UnimplementedEngineServer
}

// Log accepts a message.
func (*engine) Log(context.Context, *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// RequirePulumiVersion accepts every range: no engine takes part.
func (*engine) RequirePulumiVersion(context.Context, *pulumirpc.RequirePulumiVersionRequest) (*pulumirpc.RequirePulumiVersionResponse, error) {
	return &pulumirpc.RequirePulumiVersionResponse{}, nil
}
