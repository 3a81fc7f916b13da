package iampolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Placeholders of the account, and of the bucket that holds Pulumi's state.
const (
	Account     = "111122223333"
	StateBucket = "your-state-bucket"
)

// MaxInline is the number of bytes of a role's inline policies without white space.
const MaxInline = 10240

// Stack is a stack whose people and machines get policies.
type Stack struct {
	// Project and Name are those of Pulumi, e.g. growbin and dev; Cluster begins all names in AWS, e.g. growbin-dev.
	Project, Name, Cluster string
	// Region is the AWS region, e.g. ap-northeast-2.
	Region string
	// ControlPlane is the tag Name of the instance with the API server. TagKey is the tag of everything that belongs to the cluster.
	ControlPlane, TagKey string
	// Forward is the SSM document of the port forward.
	Forward string
	// Types are the tokens of all AWS types that the program can register.
	Types []string
}

// Role is one who works with a stack.
type Role string

// The roles. A previewer runs code that nobody has merged; a verifier and a roller run the code of the main branch.
const (
	Deployer  Role = "deployer"
	Previewer Role = "previewer"
	Verifier  Role = "verifier"
	Roller    Role = "roller"
	// Boundary is no role: it is the most that a role of the stack can be allowed.
	Boundary Role = "boundary"
)

// Roles returns the names of all policies.
func Roles() []Role { return []Role{Deployer, Previewer, Verifier, Roller, Boundary} }

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]any `json:",omitempty"`
}

// rolled are the types that a roll changes: instances with their parts, and surge instances with their roles.
var rolled = []string{
	"aws:ec2/instance:Instance", "aws:ec2/volumeAttachment:VolumeAttachment", "aws:ec2/eipAssociation:EipAssociation", "aws:ebs/volume:Volume",
	"aws:lb/targetGroupAttachment:TargetGroupAttachment", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/instanceProfile:InstanceProfile",
	"aws:ssm/parameter:Parameter", "aws:kms/key:Key", "aws:scheduler/schedule:Schedule",
}

// Policy returns the IAM policy of a role, as JSON.
func (s Stack) Policy(role Role) ([]byte, error) {
	var problems []error
	for _, token := range s.Types {
		if _, known := actions[token]; !known {
			problems = append(problems, fmt.Errorf("%s: must have its calls in internal/iampolicy/actions.go", token))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	var statements []statement
	switch role {
	case Deployer:
		statements = append(s.see(), s.change(s.Types)...)
		statements = append(statements, s.secrets("/*"), s.useKey(""), s.state("s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
	case Roller:
		statements = append(s.see(), s.change(rolled)...)
		statements = append(statements, s.secrets("/*"), s.useKey(""), s.state("s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
		statements = append(statements, allow("RunCommand", of("ssm", "SendCommand"), []string{s.arn("ssm", ":document/AWS-RunShellScript")}, nil),
			// Whoever is root on the control plane is on every node; growbin rotate-ca needs them all.
			allow("OnNodes", of("ssm", "SendCommand"), []string{s.arn("ec2", "instance/*")}, map[string]map[string]any{"StringEquals": {"ssm:resourceTag/" + s.TagKey: s.Cluster}}),
			allow("CommandResult", of("ssm", "GetCommandInvocation"), []string{"*"}, nil))
	case Verifier:
		statements = append(s.see(), s.secrets("/*"), s.useKey(""), s.state("s3:GetObject"), s.lock())
	case Previewer:
		statements = append(s.see(), s.secrets("/access/previewer", "/nodes", "/nodes/*", "/dumps", "/released-images", "/roll-lock"), s.useKey("/access/previewer"), s.state("s3:GetObject"), s.lock())
	case Boundary:
		return document(s.boundary())
	default:
		return nil, fmt.Errorf("%q must be one of %v", role, Roles())
	}
	return document(append(statements, s.forward()...))
}

func document(statements []statement) ([]byte, error) {
	text, err := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": statements}, "", "  ")
	return append(text, '\n'), err
}

func allow(sid string, actions, resources []string, condition map[string]map[string]any) statement {
	return statement{sid, "Allow", actions, resources, condition}
}

// arn is that of a resource in the region and the account; one that begins with a colon is AWS's own.
func (s Stack) arn(service, resource string) string {
	if rest, own := strings.CutPrefix(resource, ":"); own {
		return "arn:aws:" + service + ":" + s.Region + "::" + rest
	}
	return "arn:aws:" + service + ":" + s.Region + ":" + Account + ":" + resource
}

// see shows settings and names of everything, and no value, object or secret.
func (s Stack) see() []statement {
	reads := slices.Clone(lookups)
	for _, token := range s.Types {
		reads = append(reads, actions[token].read...)
	}
	return []statement{allow("See", compact(reads), []string{"*"}, nil), allow("Image", of("ssm", "GetParameter"), []string{s.arn("ssm", ":parameter/aws/service/canonical/*")}, nil)}
}

// named are the resources of services whose actions are limited by names.
func (s Stack) named() map[string][]string {
	name := s.Cluster
	iam := "arn:aws:iam::" + Account + ":"
	return map[string][]string{
		"iam":        {iam + "role/" + name + "-*", iam + "instance-profile/" + name + "-*", iam + "oidc-provider/" + name + "-issuer-*"},
		"ssm":        {s.arn("ssm", "parameter/"+name+"/*"), s.arn("ssm", "document/"+name+"-*")},
		"s3":         {"arn:aws:s3:::" + name + "-*"},
		"sns":        {s.arn("sns", name+"*")},
		"cloudwatch": {s.arn("cloudwatch", "alarm:"+name+"*")},
		"logs":       {s.arn("logs", "log-group:/"+name+"/*"), s.arn("logs", "log-group:"+name+"*")},
		"scheduler":  {s.arn("scheduler", "schedule/default/"+name+"-*")},
		"budgets":    {"arn:aws:budgets::" + Account + ":budget/" + name + "*"},
		"route53":    {"arn:aws:route53:::hostedzone/*"},
		"wafv2":      {s.arn("wafv2", "regional/webacl/"+name+"*"), s.arn("elasticloadbalancing", "loadbalancer/app/"+name+"*")},
	}
}

// bounded are the actions of IAM that give rights. They need the boundary on the role.
var bounded = []string{"iam:AttachRolePolicy", "iam:CreateRole", "iam:DetachRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"}

// boundedService stands for the bounded actions among those of the services.
const boundedService = "boundary"

// change allows the writing calls of the types, on the stack's own resources: by name where names are chosen, otherwise by the tag.
func (s Stack) change(types []string) []statement {
	byService := map[string][]string{}
	for _, token := range types {
		for _, action := range actions[token].write {
			service, _, _ := strings.Cut(action, ":")
			if slices.Contains(bounded, action) {
				service = boundedService
			}
			byService[service] = append(byService[service], action)
		}
	}
	named := s.named()
	var statements []statement
	var tagged []string
	for _, service := range slices.Sorted(maps.Keys(byService)) {
		list := compact(byService[service])
		switch {
		case service == boundedService: // below, with their condition
		case named[service] == nil:
			tagged = append(tagged, list...)
		default:
			statements = append(statements, allow("Change"+strings.ToUpper(service[:1])+service[1:], list, named[service], nil))
		}
	}
	return append(statements,
		allow("ChangeTagged", tagged, []string{"*"}, nil),
		statement{"NotOthers", "Deny", []string{"acm:*", "dlm:*", "ec2:*", "elasticloadbalancing:*", "kms:*"}, []string{"*"}, map[string]map[string]any{
			"StringNotEquals": {"aws:ResourceTag/" + s.TagKey: s.Cluster}, "Null": {"aws:ResourceTag/" + s.TagKey: "false"},
		}},
		allow("RolesWithBoundary", compact(byService[boundedService]), named["iam"][:1], map[string]map[string]any{"StringEquals": {"iam:PermissionsBoundary": s.BoundaryARN()}}),
		allow("PassRoles", of("iam", "PassRole"), named["iam"][:1], map[string]map[string]any{"StringEquals": {"iam:PassedToService": []string{
			"dlm.amazonaws.com", "ec2.amazonaws.com", "scheduler.amazonaws.com", "vpc-flow-logs.amazonaws.com",
		}}}),
		allow("Volumes", of("kms", "CreateGrant"), []string{"*"}, map[string]map[string]any{
			"StringEquals": {"aws:ResourceTag/" + s.TagKey: s.Cluster}, "Bool": {"kms:GrantIsForAWSResource": "true"},
		}),
	)
}

// BoundaryARN is the managed policy with the content of Boundary.
func (s Stack) BoundaryARN() string {
	return "arn:aws:iam::" + Account + ":policy/" + s.Cluster + "-boundary"
}

// secrets allows to read the parameters below the stack's path.
func (s Stack) secrets(paths ...string) statement {
	var resources []string
	for _, path := range paths {
		resources = append(resources, s.arn("ssm", "parameter/"+s.Cluster+path))
	}
	return allow("Parameters", of("ssm", "GetParameter", "GetParameters", "GetParametersByPath"), resources, nil)
}

// useKey allows to use the stack's key; with a parameter to decrypt it alone.
func (s Stack) useKey(parameter string) statement {
	condition, use := map[string]any{"aws:ResourceTag/" + s.TagKey: s.Cluster}, of("kms", "Decrypt", "Encrypt", "GenerateDataKey*", "ReEncrypt*")
	if parameter != "" {
		condition["kms:EncryptionContext:PARAMETER_ARN"], use = s.arn("ssm", "parameter/"+s.Cluster+parameter), of("kms", "Decrypt")
	}
	return allow("Key", use, []string{s.arn("kms", "key/*")}, map[string]map[string]any{"StringEquals": condition})
}

// state allows to use the stack's part of Pulumi's state, lock its own locks.
func (s Stack) state(use ...string) statement {
	path := "arn:aws:s3:::" + StateBucket + "/.pulumi/"
	return allow("State", use, []string{path + "meta.yaml", path + "*/" + s.Project + "/" + s.Name + ".*", path + "*/" + s.Project + "/" + s.Name + "/*"}, nil)
}

func (s Stack) lock() statement {
	return allow("Lock", of("s3", "PutObject", "DeleteObject"), []string{"arn:aws:s3:::" + StateBucket + "/.pulumi/locks/*/" + s.Project + "/" + s.Name + "/*"}, nil)
}

func (s Stack) controlPlane() map[string]map[string]any {
	return map[string]map[string]any{"StringEquals": {"ssm:resourceTag/" + s.TagKey: s.Cluster, "ssm:resourceTag/Name": s.ControlPlane}}
}

// forward allows the document of the port forward, to the control plane, and no other document.
func (s Stack) forward() []statement {
	condition := s.controlPlane()
	condition["Bool"] = map[string]any{"ssm:SessionDocumentAccessCheck": "true"}
	return []statement{
		allow("Forward", of("ssm", "StartSession"), []string{s.arn("ssm", "document/"+s.Forward)}, nil),
		allow("ToControlPlane", of("ssm", "StartSession"), []string{s.arn("ec2", "instance/*")}, condition),
	}
}

// boundary is the most that a role which the deployer makes can do: nothing of IAM, and nothing outside the stack.
func (s Stack) boundary() []statement {
	named, tag := s.named(), map[string]map[string]any{"StringEquals": {"aws:ResourceTag/" + s.TagKey: s.Cluster}}
	return []statement{
		allow("SessionManager", []string{"ssm:UpdateInstanceInformation", "ssmmessages:*", "logs:DescribeLogGroups"}, []string{"*"}, nil),
		allow("Parameters", of("ssm", "GetParameter", "GetParameterHistory", "GetParametersByPath", "PutParameter"), named["ssm"][:1], nil),
		allow("Objects", of("s3", "AbortMultipartUpload", "DeleteObject", "GetObject", "ListBucket", "PutObject"), named["s3"], nil),
		allow("Logs", of("logs", "CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"), []string{"*"}, nil),
		allow("Key", of("kms", "CreateGrant", "Decrypt", "Encrypt", "GenerateDataKey"), []string{s.arn("kms", "key/*")}, nil),
		allow("Power", of("ec2", "StartInstances", "StopInstances"), []string{s.arn("ec2", "instance/*")}, tag),
		allow("Snapshots", of("ec2", "CreateSnapshot", "CreateSnapshots", "CreateTags", "DeleteSnapshot", "Describe*"), []string{"*"}, nil),
		allow("Alarms", of("cloudwatch", "DisableAlarmActions", "EnableAlarmActions", "PutMetricData"), []string{"*"}, nil),
		allow("Forward", of("ssm", "StartSession"), []string{s.arn("ssm", "document/"+s.Forward), s.arn("ec2", "instance/*")}, nil),
		allow("FindTargets", of("elasticloadbalancing", "DescribeTargetGroups"), []string{"*"}, nil),
		allow("LeaveTargets", of("elasticloadbalancing", "DeregisterTargets"), []string{s.arn("elasticloadbalancing", "targetgroup/"+s.Cluster+"-*")}, nil),
	}
}

// compact sorts actions, and drops those that a wildcard covers.
func compact(list []string) []string {
	slices.Sort(list)
	list = slices.Compact(list)
	return slices.DeleteFunc(slices.Clone(list), func(action string) bool {
		return slices.ContainsFunc(list, func(other string) bool {
			prefix, wild := strings.CutSuffix(other, "*")
			return wild && other != action && strings.HasPrefix(action, prefix)
		})
	})
}
