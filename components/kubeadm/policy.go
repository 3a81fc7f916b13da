package kubeadm

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Statement is an IAM statement that allows a node more actions.
type Statement struct {
	// Sid names the purpose, in letters and digits.
	Sid string `pulumi:"sid"`
	// Actions are IAM actions, e.g. s3:GetObject.
	Actions []string `pulumi:"actions"`
	// Resources are the ARNs that the actions are allowed on.
	Resources pulumi.StringArrayInput `pulumi:"resources"`
	// Condition limits the statement: a value or a list by condition key by operator, e.g. StringEquals; nil for no limit.
	Condition map[string]pulumi.Map `pulumi:"condition"`
}

// trustEC2 lets EC2 instances take the role.
const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// sessionManager returns the permissions of Session Manager on an instance (AWS Systems Manager user guide, "Minimal Session Manager permissions").
// The managed policy AmazonSSMManagedInstanceCore would let every node read every parameter, the administrator's kubeconfig too.
func sessionManager() Statement {
	return Statement{
		Sid: "SessionManager",
		Actions: []string{
			"ssm:UpdateInstanceInformation",
			"ssmmessages:CreateControlChannel",
			"ssmmessages:CreateDataChannel",
			"ssmmessages:OpenControlChannel",
			"ssmmessages:OpenDataChannel",
		},
		Resources: pulumi.StringArray{pulumi.String("*")}, // these actions support no resources
	}
}

// logSessions lets the agent of Systems Manager write the log of a shell, and check that the log is encrypted.
func logSessions(groupARN pulumi.StringInput) []Statement {
	return []Statement{
		{Sid: "SessionLogs", Actions: []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}, Resources: pulumi.StringArray{groupARN, pulumi.Sprintf("%s:*", groupARN)}},
		{Sid: "FindSessionLog", Actions: []string{"logs:DescribeLogGroups"}, Resources: pulumi.StringArray{pulumi.String("*")}},
	}
}

func writeParameters(arns ...pulumi.StringInput) Statement {
	return Statement{Sid: "WriteParameters", Actions: []string{"ssm:PutParameter"}, Resources: pulumi.StringArray(arns)}
}

func readParameters(arns ...pulumi.StringInput) Statement {
	return Statement{Sid: "ReadParameters", Actions: []string{"ssm:GetParameter"}, Resources: pulumi.StringArray(arns)}
}

// answerRequests lets the control plane read who asks to join, and answer. The join parameters lie beside that of the kubeconfig.
func answerRequests(cluster string, kubeconfigARN pulumi.StringOutput) []Statement {
	path := joinPath(cluster, kubeconfigARN)
	below := pulumi.Sprintf("%s/*", path)
	return []Statement{
		{Sid: "FindJoinRequests", Actions: []string{"ssm:GetParametersByPath"}, Resources: pulumi.StringArray{path, below}},
		{Sid: "AnswerJoinRequests", Actions: []string{"ssm:GetParameterHistory", "ssm:PutParameter"}, Resources: pulumi.StringArray{below}},
	}
}

// joinPath returns the ARN of the path of the join parameters.
func joinPath(cluster string, kubeconfigARN pulumi.StringOutput) pulumi.StringOutput {
	return kubeconfigARN.ApplyT(func(arn string) string {
		return strings.TrimSuffix(arn, KubeconfigParameter(cluster)) + JoinPath(cluster)
	}).(pulumi.StringOutput)
}

// encryptParameter are the actions with which Systems Manager encrypts a parameter of the standard and of the advanced tier.
var encryptParameter = []string{"kms:Encrypt", "kms:GenerateDataKey"}

// Condition keys of the context with which Systems Manager and S3 encrypt.
const (
	parameterContext = "kms:EncryptionContext:PARAMETER_ARN"
	bucketContext    = "kms:EncryptionContext:aws:s3:arn"
)

// EncryptIn allows to put objects into a bucket that the key encrypts, but not to read them.
func EncryptIn(sid string, key, bucketARN pulumi.StringInput) Statement {
	return useKey(sid, key, bucketContext, pulumi.StringArray{bucketARN}, "kms:GenerateDataKey")
}

// DecryptIn allows to read objects of a bucket that the key encrypts.
func DecryptIn(sid string, key, bucketARN pulumi.StringInput) Statement {
	return useKey(sid, key, bucketContext, pulumi.StringArray{bucketARN}, "kms:Decrypt")
}

// useKey allows actions of KMS in a context.
func useKey(sid string, key pulumi.StringInput, context string, values pulumi.StringArray, actions ...string) Statement {
	return Statement{
		Sid: sid, Actions: actions, Resources: pulumi.StringArray{key}, Condition: map[string]pulumi.Map{"StringLike": {context: values}},
	}
}

// LeaveTargetGroups lets a spot instance leave the target groups whose names begin with a prefix.
func LeaveTargetGroups(region, prefix string) []Statement {
	return []Statement{
		{
			Sid: "FindTargetGroups", Actions: []string{"elasticloadbalancing:DescribeTargetGroups"},
			Resources: pulumi.StringArray{pulumi.String("*")}, // the action supports no resources
		},
		{
			Sid: "LeaveTargetGroups", Actions: []string{"elasticloadbalancing:DeregisterTargets"},
			Resources: pulumi.StringArray{pulumi.String("arn:aws:elasticloadbalancing:" + region + ":*:targetgroup/" + prefix + "*")},
		},
	}
}

// PolicyDocument writes the statements as an IAM policy.
func PolicyDocument(statements []Statement) pulumi.StringOutput {
	list := pulumi.Array{}
	for _, statement := range statements {
		written := pulumi.Map{
			"Sid":      pulumi.String(statement.Sid),
			"Effect":   pulumi.String("Allow"),
			"Action":   pulumi.ToStringArray(statement.Actions),
			"Resource": statement.Resources,
		}
		if len(statement.Condition) > 0 {
			conditions := pulumi.Map{}
			for operator, keys := range statement.Condition {
				conditions[operator] = keys
			}
			written["Condition"] = conditions
		}
		list = append(list, written)
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": list})
}
