package kubeadm_test

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	arnPrefix     = "arn:aws:ssm:ap-northeast-2:123456789012:parameter"
	bootstrapType = "kubeadm-aws:kubeadm:Bootstrap"
	parameterType = "aws:ssm/parameter:Parameter"
)

// permissive is an AWS that accepts everything.
type permissive struct{ recorder.Echo }

func (permissive) Register(r recorder.Registration) (string, resource.PropertyMap, error) {
	outputs := r.Inputs.Copy()
	if _, named := outputs["name"]; !named {
		outputs["name"] = resource.NewProperty(r.Name)
	}
	if r.Type == parameterType {
		outputs["arn"] = resource.NewProperty(arnPrefix + r.Inputs["name"].StringValue())
	}
	return r.Name, outputs, nil
}

func bootstrapArgs() *kubeadm.BootstrapArgs {
	return &kubeadm.BootstrapArgs{
		ClusterName:  "dev",
		ControlPlane: "k8s-master",
		Workers:      []string{"k8s-redis", "k8s-worker-storage"},

		BackupBucketARN: pulumi.String("arn:aws:s3:::backups"), IssuerBucketARN: pulumi.String("arn:aws:s3:::issuer"),
		Statements: map[string][]kubeadm.Statement{"k8s-worker-storage": {{
			Sid: "Images", Actions: []string{"s3:PutObject"}, Resources: pulumi.StringArray{pulumi.String("arn:aws:s3:::images/*")},
		}}},
	}
}

func newBootstrap(args *kubeadm.BootstrapArgs, check func(bootstrap *kubeadm.Bootstrap)) (*recorder.Recorder, error) {
	return recorder.RunWith(permissive{}, func(ctx *pulumi.Context) error {
		bootstrap, err := kubeadm.NewBootstrap(ctx, "k", args)
		if err == nil && check != nil {
			check(bootstrap)
		}
		return err
	})
}

// may reports whether the node's policy allows the action on the resource.
func may(t *testing.T, r *recorder.Recorder, node, action, arn string) bool {
	t.Helper()
	policy := r.One(t, "aws:iam/rolePolicy:RolePolicy", "k-"+node)
	var document struct {
		Version   string
		Statement []struct {
			Effect           string
			Action, Resource []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(policy.Inputs["policy"].StringValue()), &document))
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
	r, err := newBootstrap(bootstrapArgs(), nil)
	require.NoError(t, err)
	const (
		join       = arnPrefix + "/dev/join"
		redisJoin  = join + "/k8s-redis"
		kubeconfig = arnPrefix + "/dev/kubeconfig"
		nodes      = arnPrefix + "/dev/nodes/"
	)
	for _, question := range []struct {
		node, action, arn string
		want              bool
	}{
		{"k8s-master", "ssm:PutParameter", redisJoin, true},
		{"k8s-master", "ssm:GetParameterHistory", redisJoin, true},
		{"k8s-master", "ssm:GetParametersByPath", join, true},
		{"k8s-master", "s3:PutObject", "arn:aws:s3:::issuer/openid/v1/jwks", true},
		{"k8s-master", "s3:PutObject", "arn:aws:s3:::issuer/.well-known/openid-configuration", false},
		{"k8s-redis", "s3:PutObject", "arn:aws:s3:::issuer/openid/v1/jwks", false},
		{"k8s-master", "ssm:GetParametersByPath", arnPrefix + "/dev/nodes", false},
		{"k8s-master", "ssm:GetParameterHistory", kubeconfig, false},
		{"k8s-master", "ssm:PutParameter", kubeconfig, true},
		{"k8s-master", "ssm:PutParameter", nodes + "k8s-master", true},
		{"k8s-master", "ssm:PutParameter", nodes + "k8s-redis", false},
		{"k8s-master", "ssm:GetParameter", kubeconfig, false},
		{"k8s-master", "ssm:PutParameter", arnPrefix + "/dev/access/admin", true},
		{"k8s-master", "ssm:GetParameter", arnPrefix + "/dev/access/admin", false},
		{"k8s-redis", "ssm:GetParameter", arnPrefix + "/dev/access/admin", false},
		{"k8s-redis", "ssm:PutParameter", arnPrefix + "/dev/access/reader", false},
		{"k8s-master", "ssm:PutParameter", arnPrefix + encryptionParameter, true},
		{"k8s-master", "ssm:GetParameter", arnPrefix + encryptionParameter, true},
		{"k8s-redis", "ssm:GetParameter", arnPrefix + encryptionParameter, false},
		{"k8s-redis", "ssm:PutParameter", arnPrefix + encryptionParameter, false},
		{"k8s-redis", "ssm:GetParameter", redisJoin, true},
		{"k8s-redis", "ssm:PutParameter", redisJoin, true},
		{"k8s-redis", "ssm:GetParameter", join + "/k8s-worker-storage", false},
		{"k8s-redis", "ssm:PutParameter", join + "/k8s-worker-storage", false},
		{"k8s-redis", "ssm:PutParameter", join + "/k8s-master", false},
		{"k8s-redis", "ssm:GetParameterHistory", redisJoin, false},
		{"k8s-redis", "ssm:GetParametersByPath", join, false},
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
		{"k8s-master", "s3:GetObject", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, false},
		{"k8s-master", "s3:ListBucket", "arn:aws:s3:::backups", true},
		{"k8s-master", "s3:PutObject", "arn:aws:s3:::backups/other", false},
		{"k8s-master", "s3:DeleteObject", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, false},
		{"k8s-master", "s3:DeleteObjectVersion", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, false},
		{"k8s-master", "s3:PutBucketPolicy", "arn:aws:s3:::backups", false},
		{"k8s-redis", "s3:GetObject", "arn:aws:s3:::backups/" + kubeadm.BackupLatest, false},
		{"k8s-redis", "s3:ListBucket", "arn:aws:s3:::backups", false},
	} {
		require.Equal(t, question.want, may(t, r, question.node, question.action, question.arn), "%+v", question)
	}
}

func TestBootstrap_ParameterValuesIgnored(t *testing.T) {
	t.Parallel()
	r, err := newBootstrap(bootstrapArgs(), nil)
	require.NoError(t, err)
	kinds := map[string]string{}
	for _, parameter := range r.OfType(parameterType) {
		kinds[parameter.Inputs["name"].StringValue()] = parameter.Inputs["type"].StringValue()
		require.ElementsMatch(t, []string{"allowedPattern", "dataType", "description", "keyId", "tier", "type", "value"}, parameter.IgnoreChanges,
			"with a change of anything but tags, e.g. a reworded description, the provider writes the value of the state over that of an instance")
		require.Equal(t, kubeadm.PendingValue, parameter.Value("value"))
	}
	require.Equal(t, map[string]string{
		"/dev/join/k8s-redis": "SecureString", "/dev/join/k8s-worker-storage": "SecureString", "/dev/kubeconfig": "SecureString", "/dev/encryption": "SecureString",
		"/dev/access/admin": "SecureString", "/dev/access/reader": "SecureString", "/dev/access/previewer": "SecureString", "/dev/backup": "String",
		"/dev/nodes/k8s-master": "String", "/dev/nodes/k8s-redis": "String", "/dev/nodes/k8s-worker-storage": "String",
	}, kinds)
}

func TestBootstrap_ProfilesDependOnPolicies(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	names := map[string]string{}
	r, err := newBootstrap(bootstrapArgs(), func(bootstrap *kubeadm.Bootstrap) {
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
		profile := r.One(t, "aws:iam/instanceProfile:InstanceProfile", name)
		require.True(t, slices.ContainsFunc(profile.Dependencies, func(urn string) bool {
			return strings.HasSuffix(urn, "aws:iam/rolePolicy:RolePolicy::k-"+node)
		}), "an instance could boot before its permissions are there")
		role := r.One(t, "aws:iam/role:Role", name)
		require.Equal(t, kubeadm.RoleName("dev", node), role.Inputs["name"].StringValue(), "the control plane would not recognize the node")
		require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
			role.Inputs["assumeRolePolicy"].StringValue())
	}
}

func TestBootstrap_ResourcesDescendFromComponent(t *testing.T) {
	t.Parallel()
	r, err := newBootstrap(bootstrapArgs(), nil)
	require.NoError(t, err)
	require.Len(t, r.All(), 1+6+2+1+3*4, "the component, six parameters, one for each worker, a policy to read backups, and for each node parameter, role, policy and profile")
	for _, registration := range r.All() {
		if registration.Type != bootstrapType {
			require.True(t, strings.HasSuffix(registration.Parent, "::"+bootstrapType+"::k"), "%s has the parent %q", registration.URN, registration.Parent)
		}
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
		"long name":      {func(a *kubeadm.BootstrapArgs) { a.Workers[1] = strings.Repeat("n", 61) }, `must be shorter`},
		"unknown node":   {func(a *kubeadm.BootstrapArgs) { a.Statements["other"] = nil }, `Statements: "other" must be the name of one of the nodes`},
		"statement's ID": {func(a *kubeadm.BootstrapArgs) { a.Statements["k8s-worker-storage"][0].Sid = "a b" }, `Statements[k8s-worker-storage].Sid: "a b"`},
		"action":         {func(a *kubeadm.BootstrapArgs) { a.Statements["k8s-worker-storage"][0].Actions = []string{"*"} }, `Statements[k8s-worker-storage].Actions: "*" must be an IAM action`},
		"no resources":   {func(a *kubeadm.BootstrapArgs) { a.Statements["k8s-worker-storage"][0].Resources = nil }, `Statements[k8s-worker-storage].Resources: not set`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := bootstrapArgs()
			test.change(args)
			r, err := newBootstrap(args, nil)
			require.ErrorContains(t, err, test.want)
			require.Empty(t, r.All(), "something was made although the arguments are wrong")
		})
	}
	_, err := newBootstrap(nil, nil)
	require.ErrorContains(t, err, `ClusterName: ""`)
}

// With a key of KMS each node uses it for its own parameters. The control plane encrypts backups, and decrypts them by a loan alone.
func TestBootstrap_KeyForTheirOwn(t *testing.T) {
	t.Parallel()
	args := bootstrapArgs()
	args.KeyARN = pulumi.String("arn:aws:kms:ap-northeast-2:123456789012:key/k")
	args.LendBackupsUntil = time.Date(2026, 11, 26, 12, 30, 0, 0, time.UTC)
	r, err := newBootstrap(args, nil)
	require.NoError(t, err)
	statement := func(sid, actions, context, values string) string {
		return `{"Action":[` + actions + `],"Condition":{"StringLike":{"kms:EncryptionContext:` + context + `":[` + values + `]}},"Effect":"Allow",` +
			`"Resource":["arn:aws:kms:ap-northeast-2:123456789012:key/k"],"Sid":"` + sid + `"}`
	}
	policy := func(node string) string {
		return r.One(t, "aws:iam/rolePolicy:RolePolicy", "k-"+node).Inputs["policy"].StringValue()
	}
	require.Contains(t, policy("k8s-redis"), statement("Join", `"kms:Decrypt","kms:Encrypt","kms:GenerateDataKey"`, "PARAMETER_ARN", `"`+arnPrefix+`/dev/join/k8s-redis"`))
	require.Contains(t, policy("k8s-master"), statement("Decrypt", `"kms:Decrypt"`, "PARAMETER_ARN", `"`+arnPrefix+encryptionParameter+`","`+arnPrefix+`/dev/join/*"`))
	require.Contains(t, policy("k8s-master"), statement("EncryptBackups", `"kms:GenerateDataKey"`, "aws:s3:arn", `"arn:aws:s3:::backups"`))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"ReadBackups","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::backups/etcd/*","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-26T12:30:00Z"}}},
		{"Sid":"DecryptBackups","Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:ap-northeast-2:123456789012:key/k","Condition":{
			"StringEquals":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::backups"},"DateLessThan":{"aws:CurrentTime":"2026-11-26T12:30:00Z"}}}]}`,
		r.One(t, "aws:iam/rolePolicy:RolePolicy", lentPolicy).Inputs["policy"].StringValue())
	for _, parameter := range r.OfType(parameterType) {
		_, keyed := parameter.Inputs["keyId"]
		require.Equal(t, parameter.Inputs["type"].StringValue() == "SecureString", keyed, parameter.Name)
	}
}
