package provider

import (
	"context"
	"fmt"
	"maps"
	"net"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

const (
	vpcToken       = "aws:ec2/vpc:Vpc"
	subnetToken    = "aws:ec2/subnet:Subnet"
	roleToken      = "aws:iam/role:Role"
	bucketToken    = "aws:s3/bucketV2:BucketV2"
	parameterToken = "aws:ssm/parameter:Parameter"
	instanceToken  = "aws:ec2/instance:Instance"
	groupToken     = "aws:ec2/securityGroup:SecurityGroup"

	image    = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
	trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

// values are properties as plain Go values.
type values = map[string]any

// engine talks to the provider over loopback as Pulumi's engine does.
type engine struct {
	*testing.T
	client pulumirpc.ResourceProviderClient
}

// dial opens one connection, which stands for one configured provider.
func dial(t *testing.T, port int, config values) *engine {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	e := &engine{t, pulumirpc.NewResourceProviderClient(conn)}
	_, err = e.client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: e.pack(props(config)), AcceptSecrets: true})
	require.NoError(t, err)
	return e
}

func serve(t *testing.T, c *awssim.Cloud) int {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	t.Cleanup(c.Close)
	server, err := Serve(ctx, c)
	require.NoError(t, err)
	return server.Port
}

func urn(token, name string) string {
	return fmt.Sprintf("urn:pulumi:stack::project::%s::%s", token, name)
}

func (e *engine) pack(properties resource.PropertyMap) *structpb.Struct {
	e.Helper()
	s, err := fakeprovider.Marshal(properties)
	require.NoError(e, err)
	return s
}

func (e *engine) unpack(s *structpb.Struct) resource.PropertyMap {
	e.Helper()
	properties, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(e, err)
	return properties
}

// check returns the checked inputs and the failures.
func (e *engine) check(token, name string, olds, news resource.PropertyMap) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	e.Helper()
	res, err := e.client.Check(e.Context(), &pulumirpc.CheckRequest{
		Urn: urn(token, name), Olds: e.pack(olds), News: e.pack(news), RandomSeed: []byte("seed"),
	})
	require.NoError(e, err)
	return e.unpack(res.GetInputs()), res.GetFailures()
}

// state is a resource as the engine keeps it.
type state struct {
	token, name, id string
	inputs, outputs resource.PropertyMap
}

func (e *engine) create(token, name string, news resource.PropertyMap) state {
	e.Helper()
	inputs, failures := e.check(token, name, nil, news)
	require.Empty(e, failures)
	res, err := e.client.Create(e.Context(), &pulumirpc.CreateRequest{Urn: urn(token, name), Properties: e.pack(inputs)})
	require.NoError(e, err)
	return state{token, name, res.GetId(), inputs, e.unpack(res.GetProperties())}
}

func (e *engine) diff(s state, news resource.PropertyMap, ignore ...string) *pulumirpc.DiffResponse {
	e.Helper()
	inputs, failures := e.check(s.token, s.name, s.inputs, news)
	require.Empty(e, failures)
	res, err := e.client.Diff(e.Context(), &pulumirpc.DiffRequest{
		Id: s.id, Urn: urn(s.token, s.name), Olds: e.pack(s.outputs), OldInputs: e.pack(s.inputs), News: e.pack(inputs), IgnoreChanges: ignore,
	})
	require.NoError(e, err)
	return res
}

func (e *engine) update(s state, news resource.PropertyMap, ignore ...string) (state, error) {
	e.Helper()
	inputs, failures := e.check(s.token, s.name, s.inputs, news)
	require.Empty(e, failures)
	res, err := e.client.Update(e.Context(), &pulumirpc.UpdateRequest{
		Id: s.id, Urn: urn(s.token, s.name), Olds: e.pack(s.outputs), OldInputs: e.pack(s.inputs), News: e.pack(inputs), IgnoreChanges: ignore,
	})
	if err != nil {
		return s, err
	}
	return state{s.token, s.name, s.id, inputs, e.unpack(res.GetProperties())}, nil
}

func (e *engine) refresh(s state) state {
	e.Helper()
	res, err := e.client.Read(e.Context(), &pulumirpc.ReadRequest{
		Id: s.id, Urn: urn(s.token, s.name), Properties: e.pack(s.outputs), Inputs: e.pack(s.inputs),
	})
	require.NoError(e, err)
	return state{s.token, s.name, res.GetId(), e.unpack(res.GetInputs()), e.unpack(res.GetProperties())}
}

func props(in values) resource.PropertyMap { return resource.NewPropertyMapFromMap(in) }

// network creates a VPC with one subnet through the engine and returns the inputs of an instance in it.
func (e *engine) network() values {
	e.Helper()
	vpc := e.create(vpcToken, "net", props(values{"cidrBlock": "10.0.0.0/16"}))
	subnet := e.create(subnetToken, "public", props(values{"vpcId": vpc.id, "cidrBlock": "10.0.0.0/24", "availabilityZone": "ap-northeast-2a"}))
	group := e.create(groupToken, "nodes", props(values{"vpcId": vpc.id}))
	res, err := e.client.Invoke(e.Context(), &pulumirpc.InvokeRequest{
		Tok: "aws:ssm/getParameter:getParameter", Args: e.pack(props(values{"name": image})),
	})
	require.NoError(e, err)
	return values{
		"ami": e.unpack(res.GetReturn())["value"].StringValue(), "instanceType": "t3.small", "subnetId": subnet.id,
		"vpcSecurityGroupIds": []any{group.id}, "tags": values{"Name": "one"},
	}
}

// with returns a copy with one more property.
func with(v values, key string, value any) values {
	out := maps.Clone(v)
	out[key] = value
	return out
}

func TestProvider_Handshake(t *testing.T) {
	e := dial(t, serve(t, awssim.New(awssim.Options{})), nil)
	info, err := e.client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Equal(t, "6.83.2+fake", info.GetVersion())
	schema, err := e.client.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	require.NoError(t, err)
	assert.Contains(t, schema.GetSchema(), "6.83.2")
	hands, err := e.client.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{})
	require.NoError(t, err)
	assert.True(t, hands.GetAcceptSecrets())
	assert.True(t, hands.GetAcceptResources())
	res, err := e.client.Configure(t.Context(), &pulumirpc.ConfigureRequest{})
	require.NoError(t, err)
	assert.True(t, res.GetAcceptSecrets())
	assert.True(t, res.GetSupportsPreview())
	_, err = e.client.Cancel(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
}

func TestProvider_ResourceLifecycle(t *testing.T) {
	c := awssim.New(awssim.Options{})
	e := dial(t, serve(t, c), values{"defaultTags": `{"tags":{"Project":"p"}}`, "region": "ap-northeast-2"})
	in := values{"cidrBlock": "10.0.0.0/16", "tags": values{"Name": "net"}}
	vpc := e.create(vpcToken, "net", props(in))
	assert.Equal(t, "p", vpc.outputs["tagsAll"].ObjectValue()["Project"].StringValue())
	assert.True(t, vpc.inputs["enableDnsSupport"].BoolValue(), "Check fills in defaults")
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, e.diff(vpc, props(in)).GetChanges())

	more := values{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true, "tags": values{"Name": "net", "Stage": "dev"}}
	d := e.diff(vpc, props(more))
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_SOME, d.GetChanges())
	assert.Empty(t, d.GetReplaces())
	assert.Equal(t, []string{"enableDnsHostnames", "tags", "tagsAll"}, d.GetDiffs(), "properties, not paths")
	assert.Equal(t, pulumirpc.PropertyDiff_ADD, d.GetDetailedDiff()["tags.Stage"].GetKind())
	assert.Equal(t, pulumirpc.PropertyDiff_UPDATE, d.GetDetailedDiff()["enableDnsHostnames"].GetKind())
	vpc, err := e.update(vpc, props(more))
	require.NoError(t, err)
	assert.Equal(t, "dev", vpc.outputs["tagsAll"].ObjectValue()["Stage"].StringValue())
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, e.diff(vpc, props(more)).GetChanges())

	d = e.diff(vpc, props(values{"cidrBlock": "10.1.0.0/16"}))
	assert.Equal(t, []string{"cidrBlock"}, d.GetReplaces())
	assert.Equal(t, pulumirpc.PropertyDiff_UPDATE_REPLACE, d.GetDetailedDiff()["cidrBlock"].GetKind())
	assert.False(t, d.GetDeleteBeforeReplace(), "the program decides that")

	read := e.refresh(vpc)
	assert.Equal(t, vpc, read)
	imported := e.refresh(state{token: vpcToken, name: "net", id: vpc.id})
	assert.Equal(t, "10.0.0.0/16", imported.inputs["cidrBlock"].StringValue())
	assert.NotContains(t, imported.inputs, resource.PropertyKey("arn"))

	_, err = e.client.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: vpc.id, Urn: urn(vpcToken, "net"), Properties: e.pack(vpc.outputs)})
	require.NoError(t, err)
	assert.Empty(t, c.Left())
	assert.Empty(t, e.refresh(vpc).id, "a resource that is gone reads as none")
	_, err = e.update(vpc, props(in))
	assert.ErrorContains(t, err, "it does not exist; refresh the stack")
}

// TestProvider_DefaultTagsPerConnection: each connection keeps its own default tags.
func TestProvider_DefaultTagsPerConnection(t *testing.T) {
	port := serve(t, awssim.New(awssim.Options{}))
	one := dial(t, port, values{"defaultTags": `{"tags":{"Owner":"one"}}`})
	two := dial(t, port, values{"defaultTags": `{"tags":{"Owner":"two"}}`})
	in := props(values{"cidrBlock": "10.0.0.0/16"})
	first, second := one.create(vpcToken, "a", in), two.create(vpcToken, "b", in)
	assert.Equal(t, "one", first.outputs["tagsAll"].ObjectValue()["Owner"].StringValue())
	assert.Equal(t, "two", second.outputs["tagsAll"].ObjectValue()["Owner"].StringValue())
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, one.diff(first, in).GetChanges())
	assert.Contains(t, two.diff(first, in).GetDetailedDiff(), "tagsAll.Owner", "changed default tags change the resource")
}

func TestProvider_Preview(t *testing.T) {
	c := awssim.New(awssim.Options{})
	e := dial(t, serve(t, c), nil)
	in := props(values{"cidrBlock": "10.0.0.0/24", "mapPublicIpOnLaunch": true})
	in["vpcId"] = resource.MakeComputed(resource.NewProperty(""))
	inputs, failures := e.check(subnetToken, "a", nil, in)
	assert.Empty(t, failures, "unknown values pass")
	assert.True(t, inputs["vpcId"].IsComputed())
	res, err := e.client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(subnetToken, "a"), Properties: e.pack(inputs), Preview: true})
	require.NoError(t, err)
	outputs := e.unpack(res.GetProperties())
	assert.Empty(t, res.GetId())
	for _, name := range []resource.PropertyKey{"arn", "availabilityZone", "vpcId"} {
		assert.True(t, outputs[name].IsComputed(), name)
	}
	assert.True(t, outputs["mapPublicIpOnLaunch"].BoolValue())
	assert.Empty(t, c.Resources(), "a preview makes nothing")
	_, err = e.client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(subnetToken, "a"), Properties: e.pack(inputs)})
	assert.ErrorContains(t, err, `property "vpcId" must be known outside of a preview`)

	vpc := e.create(vpcToken, "net", props(values{"cidrBlock": "10.0.0.0/16"}))
	up, err := e.client.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: vpc.id, Urn: urn(vpcToken, "net"), Olds: e.pack(vpc.outputs), Preview: true,
		News: e.pack(props(values{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true})),
	})
	require.NoError(t, err)
	assert.True(t, e.unpack(up.GetProperties())["enableDnsHostnames"].BoolValue())
	assert.Contains(t, e.unpack(up.GetProperties()), resource.PropertyKey("tagsAll"))
	assert.False(t, e.refresh(vpc).outputs["enableDnsHostnames"].BoolValue(), "a preview changes nothing")
}

func TestProvider_InvalidInputs(t *testing.T) {
	e := dial(t, serve(t, awssim.New(awssim.Options{})), nil)
	_, failures := e.check(vpcToken, "net", nil, props(values{"cidrBlock": "10.0.0.1/16", "color": "red"}))
	require.Len(t, failures, 2)
	assert.Equal(t, "cidrBlock", failures[0].GetProperty())
	assert.Contains(t, failures[0].GetReason(), "did you mean")
	assert.Equal(t, "color", failures[1].GetProperty())
	_, err := e.client.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn("aws:lambda/function:Function", "f")})
	assert.ErrorContains(t, err, "is not modeled")

	config, err := e.client.CheckConfig(t.Context(), &pulumirpc.CheckRequest{News: e.pack(props(values{"region": "us-east-1", "color": "red", "version": "6.83.2"}))})
	require.NoError(t, err)
	require.Len(t, config.GetFailures(), 2)
	for _, tt := range []struct {
		in   values
		want string
	}{
		{values{"region": "us-east-1"}, "the simulated AWS is the region ap-northeast-2"},
		{values{"allowedAccountIds": `["123456789012"]`}, "AWS account ID not allowed"},
		{values{"forbiddenAccountIds": []any{"000000000000"}}, "AWS account ID not allowed"},
		{values{"defaultTags": "none"}, "must be an object"},
		{values{"defaultTags": `{"tags":{"aws:x":"y"}}`}, "reserved for AWS"},
		{values{"skipRegionValidation": "perhaps"}, "must be a boolean"},
	} {
		_, err = e.client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: e.pack(props(tt.in))})
		assert.ErrorContains(t, err, tt.want)
	}
	_, err = e.client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: e.pack(props(values{
		"region": "ap-northeast-2", "allowedAccountIds": `["000000000000"]`, "skipRegionValidation": "true", "profile": "123",
	}))})
	assert.NoError(t, err)
	diff, err := e.client.DiffConfig(t.Context(), &pulumirpc.DiffRequest{
		Olds: e.pack(props(values{"region": "ap-northeast-2"})), News: e.pack(props(values{"region": "ap-northeast-2", "profile": "p"})),
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"profile"}, diff.GetDiffs())
	assert.Empty(t, diff.GetReplaces())
}

func TestProvider_Autonaming(t *testing.T) {
	e := dial(t, serve(t, awssim.New(awssim.Options{})), nil)
	role := e.create(roleToken, "node", props(values{"assumeRolePolicy": trustEC2}))
	assert.Regexp(t, `^node-[0-9a-f]{7}$`, role.inputs["name"].StringValue())
	assert.Equal(t, role.inputs["name"].StringValue(), role.id)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, e.diff(role, props(values{"assumeRolePolicy": trustEC2})).GetChanges(), "the name stays")
	bucket := e.create(bucketToken, "Backups", nil)
	assert.Regexp(t, `^backups-[0-9a-f]{7}$`, bucket.id)
}

func TestProvider_Secrets(t *testing.T) {
	e := dial(t, serve(t, awssim.New(awssim.Options{})), nil)
	in := props(values{"name": "/c/join", "type": "SecureString"})
	in["value"] = resource.MakeSecret(resource.NewProperty("pending"))
	p := e.create(parameterToken, "join", in)
	assert.True(t, p.inputs["value"].IsSecret())
	assert.True(t, p.outputs["value"].IsSecret())
	plain := e.create(parameterToken, "plain", props(values{"name": "/c/plain", "type": "String", "value": "x"}))
	assert.True(t, plain.outputs["value"].IsSecret(), "always, whatever the input was")
	read := e.refresh(p)
	assert.True(t, read.outputs["value"].IsSecret())
	assert.True(t, read.inputs["value"].IsSecret())
	got, err := e.client.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "aws:ssm/getParameter:getParameter", Args: e.pack(props(values{"name": "/c/join"})),
	})
	require.NoError(t, err)
	assert.Equal(t, "pending", e.unpack(got.GetReturn())["value"].StringValue())
	_, err = e.client.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "aws:ssm/getParameter:getParameter", Args: e.pack(props(values{"name": "/c/none"})),
	})
	assert.ErrorContains(t, err, "api error ParameterNotFound")
}

// TestProvider_IgnoreChanges follows the engine: it sends the old input of an ignored property, and names its path.
func TestProvider_IgnoreChanges(t *testing.T) {
	c := awssim.New(awssim.Options{})
	e := dial(t, serve(t, c), nil)
	in := props(values{"name": "/c/join", "type": "SecureString", "value": "pending"})
	p := e.create(parameterToken, "join", in)
	drifted := in.Copy()
	drifted["value"] = resource.NewProperty("token") // as a machine would
	_, err := e.update(p, drifted)
	require.NoError(t, err)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, e.diff(p, in, "value").GetChanges())
	refreshed := e.refresh(p)
	assert.Equal(t, "token", refreshed.outputs["value"].SecretValue().Element.StringValue())
	assert.Contains(t, e.diff(refreshed, in).GetDiffs(), "value", "without ignoreChanges the drift shows")
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, e.diff(refreshed, in, "value").GetChanges())
	in["description"] = resource.NewProperty("d")
	refreshed, err = e.update(refreshed, in, "value")
	require.NoError(t, err)
	stored, err := c.Parameter("/c/join")
	require.NoError(t, err)
	assert.Equal(t, "token", stored)
	assert.Equal(t, "token", refreshed.outputs["value"].SecretValue().Element.StringValue())

	_, err = e.update(p, in, "value")
	require.NoError(t, err)
	stored, err = c.Parameter("/c/join")
	require.NoError(t, err)
	assert.Equal(t, "pending", stored, "the provider sends the value of the state, here that of the creation")
}

// TestProvider_RefreshUserData keeps user data as the program gave it, although the state holds a hash.
func TestProvider_RefreshUserData(t *testing.T) {
	c := awssim.New(awssim.Options{})
	e := dial(t, serve(t, c), nil)
	s := e.create(instanceToken, "one", props(with(e.network(), "userData", "#!/bin/sh")))
	require.NotEqual(t, "#!/bin/sh", s.outputs["userData"].StringValue())
	read := e.refresh(s)
	assert.Equal(t, "#!/bin/sh", read.inputs["userData"].StringValue())
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, e.diff(read, s.inputs).GetChanges())
	require.NoError(t, c.TerminateInstance("one"))
	assert.Empty(t, e.refresh(s).id)
}

// TestProvider_RefusedUpdate: a refused update has no effect.
func TestProvider_RefusedUpdate(t *testing.T) {
	e := dial(t, serve(t, awssim.New(awssim.Options{})), nil)
	in := e.network()
	s := e.create(instanceToken, "one", props(in))
	before := e.refresh(s).outputs
	for _, wrong := range []values{
		with(in, "instanceType", "t3.huge"), with(in, "vpcSecurityGroupIds", []any{"sg-nope"}), with(in, "iamInstanceProfile", "nobody"),
		with(with(in, "tags", values{"Name": "two"}), "rootBlockDevice", values{"volumeSize": 1}),
	} {
		_, err := e.update(s, props(wrong))
		require.Error(t, err)
		assert.Equal(t, before, e.refresh(s).outputs)
	}
}

// log is an engine that listens for messages.
type log struct {
	pulumirpc.UnimplementedEngineServer
	mu       sync.Mutex
	messages []string
}

func (l *log) Log(_ context.Context, req *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, req.GetUrn()+" "+req.GetMessage())
	return &emptypb.Empty{}, nil
}

func TestProvider_RestartMessage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	heard, server := &log{}, grpc.NewServer()
	pulumirpc.RegisterEngineServer(server, heard)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	e := dial(t, serve(t, awssim.New(awssim.Options{})), nil)
	_, err = e.client.Attach(t.Context(), &pulumirpc.PluginAttach{Address: listener.Addr().String()})
	require.NoError(t, err)
	in := e.network()
	s := e.create(instanceToken, "one", props(in))
	_, err = e.update(s, props(with(in, "instanceType", "t3.medium")))
	require.NoError(t, err)
	require.Len(t, heard.messages, 1)
	assert.Contains(t, heard.messages[0], urn(instanceToken, "one")+" simulated AWS: stopping and starting")
}

func TestServe_ContextCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server, err := Serve(ctx, awssim.New(awssim.Options{}))
	require.NoError(t, err)
	e := dial(t, server.Port, nil)
	cancel()
	assert.Eventually(t, func() bool {
		_, err := e.client.GetPluginInfo(context.Background(), &emptypb.Empty{})
		return err != nil
	}, 5e9, 1e7)
}
