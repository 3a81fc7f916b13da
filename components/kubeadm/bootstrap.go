package kubeadm

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:kubeadm:Bootstrap"

// Bootstrap holds the AWS resources that nodes bootstrap with: the SSM parameters that they exchange join data and status
// through, and for each node an instance profile with least privilege.
type Bootstrap struct {
	pulumi.ResourceState

	// KubeconfigParameter is the name of an SSM parameter.
	KubeconfigParameter pulumi.StringOutput `pulumi:"kubeconfigParameter"`
	// StatusParameters are names of SSM parameters by node name.
	StatusParameters map[string]pulumi.StringOutput `pulumi:"statusParameters"`
	// InstanceProfiles are names of instance profiles by node name. Each resolves once its role has its policy.
	InstanceProfiles map[string]pulumi.StringOutput `pulumi:"instanceProfiles"`
}

// NewBootstrap creates the parameters and the instance profiles of a cluster. The caller launches the instances, with these
// profiles and with the user data of ControlPlaneUserData and WorkerUserData.
func NewBootstrap(ctx *pulumi.Context, name string, args *BootstrapArgs, opts ...pulumi.ResourceOption) (*Bootstrap, error) {
	if args == nil {
		args = &BootstrapArgs{}
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("bootstrap %s:\n%w", name, err)
	}
	bootstrap := &Bootstrap{StatusParameters: map[string]pulumi.StringOutput{}, InstanceProfiles: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource(typeToken, name, bootstrap, opts...); err != nil {
		return nil, fmt.Errorf("registering bootstrap %s: %w", name, err)
	}
	builder := &bootstrapBuilder{ctx: ctx, name: name, args: args, bootstrap: bootstrap}
	if err := builder.build(); err != nil {
		return nil, err
	}
	outputs := pulumi.Map{
		"kubeconfigParameter": bootstrap.KubeconfigParameter,
		"statusParameters":    toMap(bootstrap.StatusParameters),
		"instanceProfiles":    toMap(bootstrap.InstanceProfiles),
	}
	if err := ctx.RegisterResourceOutputs(bootstrap, outputs); err != nil {
		return nil, fmt.Errorf("registering outputs of bootstrap %s: %w", name, err)
	}
	return bootstrap, nil
}

type bootstrapBuilder struct {
	ctx       *pulumi.Context
	name      string
	args      *BootstrapArgs
	bootstrap *Bootstrap
}

func (b *bootstrapBuilder) build() error {
	kubeconfig, err := b.parameter("kubeconfig", KubeconfigParameter(b.args.ClusterName), "SecureString", "Kubeconfig of pulumi up; written by the control plane")
	if err != nil {
		return err
	}
	b.bootstrap.KubeconfigParameter = kubeconfig.Name
	encryption, err := b.parameter("encryption", EncryptionParameter(b.args.ClusterName), "SecureString", "Keys of the Secrets in etcd; written by the control plane")
	if err != nil {
		return err
	}
	written := []pulumi.StringInput{kubeconfig.Arn, encryption.Arn}
	for _, identity := range Identities() {
		access, err := b.parameter("access-"+string(identity), AccessParameter(b.args.ClusterName, identity), "SecureString", "Kubeconfig of the "+string(identity)+"; written by the control plane")
		if err != nil {
			return err
		}
		written = append(written, access.Arn)
	}
	for _, node := range b.args.nodes() {
		status, err := b.parameter("status-"+node, StatusParameter(b.args.ClusterName, node), "String", "Bootstrap status of the node; written by the node")
		if err != nil {
			return err
		}
		b.bootstrap.StatusParameters[node] = status.Name
		var own []Statement
		if node == b.args.ControlPlane {
			own, err = b.controlPlaneStatements(kubeconfig.Arn, encryption.Arn, append(written, status.Arn))
		} else {
			own, err = b.workerStatements(node, status.Arn)
		}
		if err != nil {
			return err
		}
		statements := append([]Statement{sessionManager()}, own...)
		if b.args.SessionLogARN != nil {
			statements = append(statements, logSessions(b.args.SessionLogARN)...)
		}
		profile, err := b.instanceProfile(node, append(statements, b.args.Statements[node]...))
		if err != nil {
			return err
		}
		b.bootstrap.InstanceProfiles[node] = profile.Name
	}
	return nil
}

// controlPlaneStatements returns the permissions of the control plane, which writes the given parameters, with those for backups if
// there is a bucket.
func (b *bootstrapBuilder) controlPlaneStatements(kubeconfig, encryption pulumi.StringOutput, written []pulumi.StringInput) ([]Statement, error) {
	statements := append(answerRequests(b.args.ClusterName, kubeconfig), readParameters(encryption))
	if b.args.KeyARN != nil {
		requests := pulumi.Sprintf("%s/*", joinPath(b.args.ClusterName, kubeconfig))
		statements = append(statements,
			useKey("Decrypt", b.args.KeyARN, parameterContext, pulumi.StringArray{encryption, requests}, "kms:Decrypt"),
			useKey("Encrypt", b.args.KeyARN, parameterContext, append(pulumi.StringArray{requests}, written...), encryptParameter...))
		if b.args.BackupBucketARN != nil {
			statements = append(statements, EncryptIn("EncryptBackups", b.args.KeyARN, b.args.BackupBucketARN))
		}
	}
	if b.args.IssuerBucketARN != nil {
		statements = append(statements, publishKeys(b.args.IssuerBucketARN))
	}
	if b.args.BackupBucketARN == nil {
		return append(statements, writeParameters(written...)), nil
	}
	backup, err := b.parameter("backup", BackupParameter(b.args.ClusterName), "String", "Result of the last backup or restore of the control plane; written by it")
	if err != nil {
		return nil, err
	}
	return append(append(statements, keepBackups(b.args.BackupBucketARN)...), writeParameters(append(written, backup.Arn)...)), nil
}

// workerStatements returns the permissions of a worker, and creates the parameter that it joins through.
func (b *bootstrapBuilder) workerStatements(node string, status pulumi.StringOutput) ([]Statement, error) {
	join, err := b.parameter("join-"+node, JoinParameter(b.args.ClusterName, node), "SecureString", "Certificate request of the node, then the control plane's answer")
	if err != nil {
		return nil, err
	}
	statements := []Statement{writeParameters(status, join.Arn), readParameters(join.Arn)}
	if b.args.KeyARN != nil {
		statements = append(statements, useKey("Join", b.args.KeyARN, parameterContext, pulumi.StringArray{join.Arn}, append([]string{"kms:Decrypt"}, encryptParameter...)...))
	}
	return statements, nil
}

func (b *bootstrapBuilder) parameter(child, path, kind, description string) (*ssm.Parameter, error) {
	args := &ssm.ParameterArgs{
		Name:        pulumi.String(path),
		Type:        pulumi.String(kind),
		Value:       pulumi.String(PendingValue),
		Description: pulumi.String(description),
	}
	if kind == "SecureString" && b.args.KeyARN != nil {
		args.KeyId = b.args.KeyARN.ToStringOutput()
	}
	parameter, err := ssm.NewParameter(b.ctx, b.name+"-"+child, args, pulumi.Parent(b.bootstrap),
		// Pulumi creates and destroys the parameter; instances write its value. With a change of anything but tags the provider
		// would write the value of the state again, which may be the first one.
		pulumi.IgnoreChanges([]string{"allowedPattern", "dataType", "description", "keyId", "tier", "type", "value"}))
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", path, err)
	}
	return parameter, nil
}

// instanceProfile creates the role of a node. Each node has its own, so that none can write the status of another.
func (b *bootstrapBuilder) instanceProfile(node string, statements []Statement) (*iam.InstanceProfile, error) {
	child := b.name + "-" + node
	role, err := iam.NewRole(b.ctx, child, &iam.RoleArgs{
		Name:             pulumi.String(RoleName(b.args.ClusterName, node)),
		AssumeRolePolicy: pulumi.String(trustEC2),
		Description:      pulumi.String("Node " + node + " of cluster " + b.args.ClusterName),
	}, pulumi.Parent(b.bootstrap))
	if err != nil {
		return nil, fmt.Errorf("role of node %s: %w", node, err)
	}
	policy, err := iam.NewRolePolicy(b.ctx, child, &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: PolicyDocument(statements),
	}, pulumi.Parent(b.bootstrap))
	if err != nil {
		return nil, fmt.Errorf("policy of node %s: %w", node, err)
	}
	policies := []pulumi.Resource{policy}
	if node == b.args.ControlPlane && b.args.BackupBucketARN != nil {
		lent, err := b.lendBackups(role)
		if err != nil {
			return nil, err
		}
		policies = append(policies, lent)
	}
	profile, err := iam.NewInstanceProfile(b.ctx, child, &iam.InstanceProfileArgs{
		Role: role.Name,
	}, pulumi.Parent(b.bootstrap),
		// An instance that boots with the profile needs its permissions.
		pulumi.DependsOn(policies))
	if err != nil {
		return nil, fmt.Errorf("instance profile of node %s: %w", node, err)
	}
	return profile, nil
}

func toMap(values map[string]pulumi.StringOutput) pulumi.StringMap {
	result := pulumi.StringMap{}
	for key, value := range values {
		result[key] = value
	}
	return result
}
