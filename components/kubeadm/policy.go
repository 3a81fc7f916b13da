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
	// Condition limits the statement: values by condition key by operator, e.g. StringEquals; nil for no limit.
	Condition map[string]map[string]string `pulumi:"condition"`
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

func writeParameters(arns ...pulumi.StringInput) Statement {
	return Statement{Sid: "WriteParameters", Actions: []string{"ssm:PutParameter"}, Resources: pulumi.StringArray(arns)}
}

func readParameters(arns ...pulumi.StringInput) Statement {
	return Statement{Sid: "ReadParameters", Actions: []string{"ssm:GetParameter"}, Resources: pulumi.StringArray(arns)}
}

// answerRequests lets the control plane read who asks to join, and answer. The join parameters lie beside that of the kubeconfig.
func answerRequests(cluster string, kubeconfigARN pulumi.StringOutput) []Statement {
	path := kubeconfigARN.ApplyT(func(arn string) string {
		return strings.TrimSuffix(arn, KubeconfigParameter(cluster)) + JoinPath(cluster)
	}).(pulumi.StringOutput)
	below := pulumi.Sprintf("%s/*", path)
	return []Statement{
		{Sid: "FindJoinRequests", Actions: []string{"ssm:GetParametersByPath"}, Resources: pulumi.StringArray{path, below}},
		{Sid: "AnswerJoinRequests", Actions: []string{"ssm:GetParameterHistory", "ssm:PutParameter"}, Resources: pulumi.StringArray{below}},
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
				conditions[operator] = pulumi.ToStringMap(keys)
			}
			written["Condition"] = conditions
		}
		list = append(list, written)
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": list})
}
