package kubeadm_test

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

const arnPrefix = "arn:aws:ssm:ap-northeast-2:123456789012:parameter"

// recorder is an AWS that agrees to everything and remembers it.
type recorder struct {
	mu        sync.Mutex
	resources map[string]pulumi.MockResourceArgs // by type and name
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources[args.TypeToken+" "+args.Name] = args
	outputs := args.Inputs.Copy()
	if _, named := outputs["name"]; !named {
		outputs["name"] = resource.NewStringProperty(args.Name)
	}
	if args.TypeToken == "aws:ssm/parameter:Parameter" {
		outputs["arn"] = resource.NewStringProperty(arnPrefix + args.Inputs["name"].StringValue())
	}
	return args.Name, outputs, nil
}

func (r *recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

func bootstrapArgs() *kubeadm.BootstrapArgs {
	return &kubeadm.BootstrapArgs{
		ClusterName:  "dev",
		ControlPlane: "k8s-master",
		Workers:      []string{"k8s-redis", "k8s-worker-storage"},

		BackupBucketARN: pulumi.String("arn:aws:s3:::backups"),
		Statements: map[string][]kubeadm.Statement{"k8s-worker-storage": {{
			Sid: "Images", Actions: []string{"s3:PutObject"}, Resources: pulumi.StringArray{pulumi.String("arn:aws:s3:::images/*")},
		}}},
	}
}

// newBootstrap runs NewBootstrap against the recorder.
func newBootstrap(t *testing.T, args *kubeadm.BootstrapArgs, check func(bootstrap *kubeadm.Bootstrap)) (*recorder, error) {
	t.Helper()
	recorder := &recorder{resources: map[string]pulumi.MockResourceArgs{}}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		bootstrap, err := kubeadm.NewBootstrap(ctx, "k", args)
		if err == nil && check != nil {
			check(bootstrap)
		}
		return err
	}, pulumi.WithMocks("project", "stack", recorder))
	return recorder, err
}

// may answers: does the node's policy allow the action on the resource?
func (r *recorder) may(t *testing.T, node, action, arn string) bool {
	t.Helper()
	args, found := r.resources["aws:iam/rolePolicy:RolePolicy k-"+node]
	require.True(t, found, "node %s has no policy", node)
	var document struct {
		Version   string
		Statement []struct {
			Effect           string
			Action, Resource []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(args.Inputs["policy"].StringValue()), &document))
	require.Equal(t, "2012-10-17", document.Version)
	for _, statement := range document.Statement {
		matches := func(value string) func(pattern string) bool {
			return func(pattern string) bool {
				found, err := path.Match(strings.ReplaceAll(pattern, "/", ":"), strings.ReplaceAll(value, "/", ":"))
				require.NoError(t, err)
				return found
			}
		}
		if statement.Effect == "Allow" && slices.ContainsFunc(statement.Action, matches(action)) && slices.ContainsFunc(statement.Resource, matches(arn)) {
			return true
		}
	}
	return false
}

func TestBootstrap_LeastPrivilege(t *testing.T) {
	t.Parallel()
	r, err := newBootstrap(t, bootstrapArgs(), nil)
	require.NoError(t, err)
	const (
		join       = arnPrefix + "/dev/join"
		kubeconfig = arnPrefix + "/dev/kubeconfig"
		nodes      = arnPrefix + "/dev/nodes/"
	)
	for _, question := range []struct {
		node, action, arn string
		want              bool
	}{
		{"k8s-master", "ssm:PutParameter", join, true},
		{"k8s-master", "ssm:PutParameter", kubeconfig, true},
		{"k8s-master", "ssm:PutParameter", nodes + "k8s-master", true},
		{"k8s-master", "ssm:PutParameter", nodes + "k8s-redis", false},
		{"k8s-master", "ssm:GetParameter", kubeconfig, false},
		{"k8s-redis", "ssm:GetParameter", join, true},
		{"k8s-redis", "ssm:PutParameter", join, false},
		{"k8s-redis", "ssm:GetParameter", kubeconfig, false},
		{"k8s-redis", "ssm:PutParameter", kubeconfig, false},
		{"k8s-redis", "ssm:PutParameter", nodes + "k8s-redis", true},
		{"k8s-redis", "ssm:PutParameter", nodes + "k8s-worker-storage", false},
		{"k8s-redis", "ssmmessages:OpenDataChannel", "*", true},
		{"k8s-redis", "ssm:UpdateInstanceInformation", "*", true},
		{"k8s-redis", "ssm:GetParametersByPath", arnPrefix + "/dev", false},
		{"k8s-worker-storage", "s3:PutObject", "arn:aws:s3:::images/a", true},
		{"k8s-redis", "s3:PutObject", "arn:aws:s3:::images/a", false},
		{"k8s-master", "ssm:PutParameter", arnPrefix + "/dev/backup", true},
		{"k8s-redis", "ssm:PutParameter", arnPrefix + "/dev/backup", false},
		{"k8s-master", "s3:PutObject", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, true},
		{"k8s-master", "s3:GetObject", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, true},
		{"k8s-master", "s3:ListBucket", "arn:aws:s3:::backups", true},
		{"k8s-master", "s3:PutObject", "arn:aws:s3:::backups/other", false},
		{"k8s-master", "s3:DeleteObject", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, false},
		{"k8s-master", "s3:DeleteObjectVersion", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, false},
		{"k8s-master", "s3:PutBucketPolicy", "arn:aws:s3:::backups", false},
		{"k8s-redis", "s3:GetObject", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, false},
		{"k8s-redis", "s3:ListBucket", "arn:aws:s3:::backups", false},
	} {
		require.Equal(t, question.want, r.may(t, question.node, question.action, question.arn), "%+v", question)
	}
}

func TestBootstrap_ParameterValuesIgnored(t *testing.T) {
	t.Parallel()
	r, err := newBootstrap(t, bootstrapArgs(), nil)
	require.NoError(t, err)
	kinds := map[string]string{}
	for _, args := range r.resources {
		if args.TypeToken != "aws:ssm/parameter:Parameter" {
			continue
		}
		kinds[args.Inputs["name"].StringValue()] = args.Inputs["type"].StringValue()
		require.Equal(t, []string{"value"}, args.RegisterRPC.GetIgnoreChanges(), "pulumi up would overwrite what an instance wrote")
		value := args.Inputs["value"]
		if value.IsSecret() {
			value = value.SecretValue().Element
		}
		require.Equal(t, kubeadm.PendingValue, value.StringValue())
	}
	require.Equal(t, map[string]string{
		"/dev/join": "SecureString", "/dev/kubeconfig": "SecureString", "/dev/backup": "String",
		"/dev/nodes/k8s-master": "String", "/dev/nodes/k8s-redis": "String", "/dev/nodes/k8s-worker-storage": "String",
	}, kinds)
}

func TestBootstrap_ProfilesDependOnPolicies(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	names := map[string]string{}
	r, err := newBootstrap(t, bootstrapArgs(), func(bootstrap *kubeadm.Bootstrap) {
		for node, profile := range bootstrap.InstanceProfiles {
			profile.ApplyT(func(name string) string {
				mu.Lock()
				defer mu.Unlock()
				names[node] = name
				return name
			})
		}
	})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"k8s-master": "k-k8s-master", "k8s-redis": "k-k8s-redis", "k8s-worker-storage": "k-k8s-worker-storage"}, names)
	for node, name := range names {
		profile := r.resources["aws:iam/instanceProfile:InstanceProfile "+name]
		require.True(t, slices.ContainsFunc(profile.RegisterRPC.GetDependencies(), func(urn string) bool {
			return strings.HasSuffix(urn, "aws:iam/rolePolicy:RolePolicy::k-"+node)
		}), "an instance could boot before its permissions are there")
		role := r.resources["aws:iam/role:Role "+name]
		require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
			role.Inputs["assumeRolePolicy"].StringValue())
	}
}

func TestBootstrap_ResourcesDescendFromComponent(t *testing.T) {
	t.Parallel()
	r, err := newBootstrap(t, bootstrapArgs(), nil)
	require.NoError(t, err)
	require.Len(t, r.resources, 1+3+3*4, "three parameters, and for each node parameter, role, policy and profile")
	for key, args := range r.resources {
		if strings.HasPrefix(key, "kubeadm-aws:kubeadm:Bootstrap ") {
			continue
		}
		require.True(t, strings.HasSuffix(args.RegisterRPC.GetParent(), "::kubeadm-aws:kubeadm:Bootstrap::k"), "%s has the parent %q", key, args.RegisterRPC.GetParent())
	}
}

func TestBootstrapArgs_Invalid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(args *kubeadm.BootstrapArgs)
		want   string
	}{
		"cluster name":   {func(a *kubeadm.BootstrapArgs) { a.ClusterName = "Dev" }, `ClusterName: "Dev" must be a DNS label`},
		"reserved name":  {func(a *kubeadm.BootstrapArgs) { a.ClusterName = "aws-dev" }, `ClusterName: "aws-dev" must not begin with aws`},
		"no nodes":       {func(a *kubeadm.BootstrapArgs) { a.ControlPlane = "" }, `node name: "" must be a DNS label`},
		"same name":      {func(a *kubeadm.BootstrapArgs) { a.Workers[1] = "k8s-master" }, `node name: "k8s-master" must be unique`},
		"unknown node":   {func(a *kubeadm.BootstrapArgs) { a.Statements["other"] = nil }, `Statements: "other" must be the name of one of the nodes`},
		"statement's ID": {func(a *kubeadm.BootstrapArgs) { a.Statements["k8s-worker-storage"][0].Sid = "a b" }, `Statements[k8s-worker-storage].Sid: "a b"`},
		"action":         {func(a *kubeadm.BootstrapArgs) { a.Statements["k8s-worker-storage"][0].Actions = []string{"*"} }, `Statements[k8s-worker-storage].Actions: "*" must be an IAM action`},
		"no resources":   {func(a *kubeadm.BootstrapArgs) { a.Statements["k8s-worker-storage"][0].Resources = nil }, `Statements[k8s-worker-storage].Resources: not set`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := bootstrapArgs()
			test.change(args)
			r, err := newBootstrap(t, args, nil)
			require.ErrorContains(t, err, test.want)
			require.Empty(t, r.resources, "something was made although the arguments are wrong")
		})
	}
	_, err := newBootstrap(t, nil, nil)
	require.ErrorContains(t, err, `ClusterName: ""`)
}
