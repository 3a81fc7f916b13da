package iampolicy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/iampolicy"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/stacks"
)

const account = iampolicy.Account

// policy is a file of the repository.
func policy(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "iam", name+".json"))
	require.NoError(t, err)
	return string(text)
}

func arn(service, resource string) string {
	return "arn:aws:" + service + ":ap-northeast-2:" + account + ":" + resource
}

func parameter(name string) string { return arn("ssm", "parameter"+name) }

func of(cluster string) map[string]string {
	return map[string]string{"aws:ResourceTag/Cluster": cluster, "ssm:resourceTag/Cluster": cluster}
}

func with(context map[string]string, pairs ...string) map[string]string {
	for i := 0; i < len(pairs); i += 2 {
		context[pairs[i]] = pairs[i+1]
	}
	return context
}

// Each question is asked for stack dev.
func TestPolicies_Questions(t *testing.T) {
	const d, p, v, r = "dev-deployer", "dev-previewer", "dev-verifier", "dev-roller"
	role, boundary := "arn:aws:iam::"+account+":role/", "arn:aws:iam::"+account+":policy/growbin-dev-boundary"
	context := func(name string) map[string]string {
		return with(of("growbin-dev"), "kms:EncryptionContext:PARAMETER_ARN", parameter(name))
	}
	toControlPlane := func(cluster string) map[string]string {
		return with(of(cluster), "ssm:resourceTag/Name", "k8s-master", "ssm:SessionDocumentAccessCheck", "true")
	}
	for _, q := range []struct {
		question, action, resource string
		context                    map[string]string
		may                        []string
	}{
		{"read the kubeconfig", "ssm:GetParameter", parameter("/growbin-dev/kubeconfig"), nil, []string{d, v, r}},
		{"decrypt it", "kms:Decrypt", arn("kms", "key/1"), context("/growbin-dev/kubeconfig"), []string{d, v, r}},
		{"read the administrator's", "ssm:GetParameter", parameter("/growbin-dev/access/admin"), nil, []string{d, v, r}},
		{"read the previewer's", "ssm:GetParameter", parameter("/growbin-dev/access/previewer"), nil, []string{d, p, v, r}},
		{"decrypt that", "kms:Decrypt", arn("kms", "key/1"), context("/growbin-dev/access/previewer"), []string{d, p, v, r}},
		{"read the state of a node", "ssm:GetParameter", parameter("/growbin-dev/nodes/k8s-redis"), nil, []string{d, p, v, r}},
		{"read the states of all nodes", "ssm:GetParametersByPath", parameter("/growbin-dev/nodes"), nil, []string{d, p, v, r}},
		{"read prod's kubeconfig", "ssm:GetParameter", parameter("/growbin-prod/kubeconfig"), nil, nil},
		{"decrypt with prod's key", "kms:Decrypt", arn("kms", "key/2"), of("growbin-prod"), nil},
		{"read a backup", "s3:GetObject", "arn:aws:s3:::growbin-dev-backups-1/etcd/latest.tar.gz", nil, []string{d}},
		{"read prod's backup", "s3:GetObject", "arn:aws:s3:::growbin-prod-backups-1/etcd/latest.tar.gz", nil, nil},
		{"see a bucket", "s3:GetBucketPolicy", "arn:aws:s3:::growbin-dev-backups-1", nil, []string{d, p, v, r}},
		{"list the certificates", "acm:ListCertificates", "*", nil, []string{d, p, v, r}}, // growbin verify
		{"delete a bucket", "s3:DeleteBucket", "arn:aws:s3:::growbin-dev-backups-1", nil, []string{d}},
		{"create an instance", "ec2:RunInstances", arn("ec2", "instance/*"), nil, []string{d, r}},
		{"stop an instance", "ec2:StopInstances", arn("ec2", "instance/i-1"), of("growbin-dev"), []string{d, r}}, // growbin sleep
		{"start prod's", "ec2:StartInstances", arn("ec2", "instance/i-2"), of("growbin-prod"), nil},
		{"silence an alarm", "cloudwatch:DisableAlarmActions", arn("cloudwatch", "alarm:growbin-dev-alarms-k8s-redis"), nil, []string{d}},
		{"let it notify", "cloudwatch:EnableAlarmActions", arn("cloudwatch", "alarm:growbin-dev-alarms-k8s-redis"), nil, []string{d}}, // growbin wake
		{"silence prod's", "cloudwatch:DisableAlarmActions", arn("cloudwatch", "alarm:growbin-prod-alarms-k8s-redis"), nil, nil},
		{"terminate an instance", "ec2:TerminateInstances", arn("ec2", "instance/i-1"), of("growbin-dev"), []string{d, r}},
		{"terminate prod's", "ec2:TerminateInstances", arn("ec2", "instance/i-2"), of("growbin-prod"), nil},
		{"delete the VPC", "ec2:DeleteVpc", arn("ec2", "vpc/1"), of("growbin-dev"), []string{d}},
		{"open prod's group", "ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/1"), of("growbin-prod"), nil},
		{"change prod's load balancer", "elasticloadbalancing:DeleteLoadBalancer", arn("elasticloadbalancing", "loadbalancer/app/x"), of("growbin-prod"), nil},
		{"limit requests", "wafv2:CreateWebACL", arn("wafv2", "regional/webacl/growbin-dev/1"), nil, []string{d}},
		{"lift prod's limit", "wafv2:DeleteWebACL", arn("wafv2", "regional/webacl/growbin-prod/1"), nil, nil},
		{"change the key's policy", "kms:PutKeyPolicy", arn("kms", "key/1"), of("growbin-dev"), []string{d, r}},
		{"change prod's", "kms:PutKeyPolicy", arn("kms", "key/2"), of("growbin-prod"), nil},
		{"make a role with the boundary", "iam:CreateRole", role + "growbin-dev-k8s-x", with(nilContext(), "iam:PermissionsBoundary", boundary), []string{d, r}},
		{"make one without", "iam:CreateRole", role + "growbin-dev-k8s-x", nil, nil},
		{"make one with prod's", "iam:CreateRole", role + "growbin-dev-k8s-x", with(nilContext(), "iam:PermissionsBoundary", "arn:aws:iam::"+account+":policy/growbin-prod-boundary"), nil},
		{"give a role rights", "iam:PutRolePolicy", role + "growbin-dev-k8s-x", with(nilContext(), "iam:PermissionsBoundary", boundary), []string{d, r}},
		{"give prod's role rights", "iam:PutRolePolicy", role + "growbin-prod-k8s-x", with(nilContext(), "iam:PermissionsBoundary", boundary), nil},
		{"take the boundary off", "iam:DeleteRolePermissionsBoundary", role + "growbin-dev-k8s-x", nil, nil},
		{"change the boundary", "iam:CreatePolicyVersion", boundary, nil, nil},
		{"change their own role", "iam:PutRolePolicy", role + "ci-dev", with(nilContext(), "iam:PermissionsBoundary", boundary), nil},
		{"pass a role to EC2", "iam:PassRole", role + "growbin-dev-k8s-x", with(nilContext(), "iam:PassedToService", "ec2.amazonaws.com"), []string{d, r}},
		{"pass one to Lambda", "iam:PassRole", role + "growbin-dev-k8s-x", with(nilContext(), "iam:PassedToService", "lambda.amazonaws.com"), nil},
		{"forward the port", "ssm:StartSession", arn("ssm", "document/growbin-dev-forward"), nil, []string{d, p, v, r}},
		{"to the control plane", "ssm:StartSession", arn("ec2", "instance/i-1"), toControlPlane("growbin-dev"), []string{d, p, v, r}},
		{"to prod's", "ssm:StartSession", arn("ec2", "instance/i-2"), toControlPlane("growbin-prod"), nil},
		{"forward any port", "ssm:StartSession", "arn:aws:ssm:ap-northeast-2::document/AWS-StartPortForwardingSession", nil, nil},
		{"open a shell", "ssm:StartSession", arn("ssm", "document/growbin-dev-shell"), nil, nil},
		{"run a command", "ssm:SendCommand", arn("ec2", "instance/i-1"), toControlPlane("growbin-dev"), []string{r}},
		{"run one on a worker", "ssm:SendCommand", arn("ec2", "instance/i-3"), map[string]string{"ssm:resourceTag/Cluster": "growbin-dev", "ssm:resourceTag/Name": "k8s-redis"}, []string{r}},
		{"run one on prod's", "ssm:SendCommand", arn("ec2", "instance/i-2"), toControlPlane("growbin-prod"), nil},
		{"write the state", "s3:PutObject", "arn:aws:s3:::your-state-bucket/.pulumi/stacks/growbin/dev.json", nil, []string{d, r}},
		{"read the state", "s3:GetObject", "arn:aws:s3:::your-state-bucket/.pulumi/stacks/growbin/dev.json", nil, []string{d, p, v, r}},
		{"lock it", "s3:PutObject", "arn:aws:s3:::your-state-bucket/.pulumi/locks/organization/growbin/dev/1.json", nil, []string{d, p, v, r}},
		{"read prod's state", "s3:GetObject", "arn:aws:s3:::your-state-bucket/.pulumi/stacks/growbin/prod.json", nil, nil},
	} {
		allowed := map[string]bool{}
		for _, name := range q.may {
			allowed[name] = true
		}
		for _, name := range []string{d, p, v, r} {
			err := awssim.Decide(q.action, q.resource, q.context, policy(t, name))
			assert.Equal(t, allowed[name], err == nil, "may %s %s? %v", name, q.question, err)
		}
	}
}

func nilContext() map[string]string { return map[string]string{} }

// The boundary holds a role that was given everything.
func TestBoundary(t *testing.T) {
	text := policy(t, "dev-boundary")
	for action, resource := range map[string]string{
		"iam:CreateUser": "*", "sts:AssumeRole": "*", "iam:PassRole": "*", "ec2:RunInstances": "*", "ssm:SendCommand": "*", "kms:PutKeyPolicy": "*",
		"elasticloadbalancing:DeregisterTargets": arn("elasticloadbalancing", "targetgroup/growbin-prod-waste-api/1"),
		"ssm:GetParameter":                       parameter("/growbin-prod/kubeconfig"), "s3:GetObject": "arn:aws:s3:::growbin-prod-backups-1/etcd/latest.tar.gz",
	} {
		assert.Error(t, awssim.Decide(action, resource, nil, text), action)
	}
	for action, resource := range map[string]string{
		"ssm:PutParameter": parameter("/growbin-dev/nodes/k8s-redis"), "ssmmessages:OpenDataChannel": "*", "s3:PutObject": "arn:aws:s3:::growbin-dev-dumps-1/auth/a",
		"elasticloadbalancing:DeregisterTargets": arn("elasticloadbalancing", "targetgroup/growbin-dev-waste-api/1"), "kms:Encrypt": arn("kms", "key/1"), "cloudwatch:PutMetricData": "*", "ec2:CreateSnapshot": "*",
	} {
		assert.NoError(t, awssim.Decide(action, resource, nil, text), action)
	}
}

// Each policy fits into a role.
func TestPolicies_Fit(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		for _, role := range iampolicy.Roles() {
			var small bytes.Buffer
			require.NoError(t, json.Compact(&small, []byte(policy(t, stack+"-"+string(role)))))
			limit := iampolicy.MaxInline
			if role == iampolicy.Boundary {
				limit = 6144 // of a managed policy
			}
			assert.LessOrEqual(t, small.Len(), limit, "%s-%s", stack, role)
		}
	}
}

// unregistered are types of the model that the program itself does not register.
var unregistered = []string{"aws:ec2/keyPair:KeyPair", "aws:s3/bucketOwnershipControls:BucketOwnershipControls"}

// Every AWS type that the program can register, and that the model knows, has its calls.
func TestPolicies_EveryType(t *testing.T) {
	types, err := stacks.ResourceTypes(t.Context(), filepath.Join("..", ".."))
	require.NoError(t, err)
	require.Contains(t, types, "aws:ec2/flowLog:FlowLog")
	require.Contains(t, types, "aws:scheduler/schedule:Schedule")
	for _, modeled := range awssim.Covered() {
		if !slices.Contains(unregistered, modeled.Token) {
			assert.Contains(t, types, modeled.Token, "an option that registers it is missing in everyOption")
		}
	}
	_, err = iampolicy.Stack{Types: types}.Policy(iampolicy.Deployer)
	require.NoError(t, err)
	_, err = iampolicy.Stack{Types: append(types, "aws:lambda/function:Function")}.Policy(iampolicy.Deployer)
	require.ErrorContains(t, err, "aws:lambda/function:Function: must have its calls")
}
