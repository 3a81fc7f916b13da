// Package sessions builds the documents with which people reach instances through Session Manager: a shell whose input and output
// is logged, and a forward to one port. IAM can allow a document and no other.
package sessions

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:sessions:Sessions"

const (
	// keepDays is the number of days for which a log is kept.
	keepDays = 90
	// idleMinutes ends a shell that nobody uses.
	idleMinutes = 20
)

// ShellDocument returns the name of the document of a shell, ForwardDocument that of the port forward.
func ShellDocument(name string) string { return name + "-shell" }

// ForwardDocument returns the name of the document of the port forward. Its only parameter is localPortNumber.
func ForwardDocument(name string) string { return name + "-forward" }

// LogGroup returns the name of the log group of shells.
func LogGroup(name string) string { return "/" + name + "/sessions" }

// SessionsArgs describes the documents.
type SessionsArgs struct {
	// Port is the TCP port of an instance to which the forward leads, from 1 to 65535.
	Port int `pulumi:"port"`
	// KeyARN is the key of KMS that encrypts the log; its policy must admit LogGroup.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`
}

// Sessions are the documents and the log.
type Sessions struct {
	pulumi.ResourceState

	// LogGroupARN is the Amazon resource name of the log group, to which the instances write.
	LogGroupARN pulumi.StringOutput `pulumi:"logGroupArn"`
}

// NewSessions creates the log group and the documents.
func NewSessions(ctx *pulumi.Context, name string, args *SessionsArgs, opts ...pulumi.ResourceOption) (*Sessions, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("sessions %s:\n%w", name, err)
	}
	s := &Sessions{}
	if err := ctx.RegisterComponentResource(typeToken, name, s, opts...); err != nil {
		return nil, fmt.Errorf("sessions %s: %w", name, err)
	}
	group, err := cloudwatch.NewLogGroup(ctx, name+"-sessions", &cloudwatch.LogGroupArgs{
		Name: pulumi.String(LogGroup(name)), RetentionInDays: pulumi.Int(keepDays), KmsKeyId: args.KeyARN,
	}, pulumi.Parent(s))
	if err != nil {
		return nil, fmt.Errorf("sessions %s: log group: %w", name, err)
	}
	s.LogGroupARN = group.Arn
	shell := map[string]any{
		"schemaVersion": "1.0", "description": "Shell on an instance of " + name + ", logged", "sessionType": "Standard_Stream",
		"inputs": map[string]any{
			"cloudWatchLogGroupName": LogGroup(name), "cloudWatchEncryptionEnabled": true, "cloudWatchStreamingEnabled": true,
			"idleSessionTimeout": strconv.Itoa(idleMinutes), "runAsEnabled": false,
		},
	}
	forward := map[string]any{
		"schemaVersion": "1.0", "description": fmt.Sprintf("Forward to port %d of an instance of %s", args.Port, name), "sessionType": "Port",
		"parameters": map[string]any{"localPortNumber": map[string]any{
			"type": "string", "description": "Port of this computer; 0 for any", "allowedPattern": "^[0-9]{1,5}$", "default": "0",
		}},
		"properties": map[string]any{"portNumber": strconv.Itoa(args.Port), "type": "LocalPortForwarding", "localPortNumber": "{{ localPortNumber }}"},
	}
	for document, content := range map[string]map[string]any{ShellDocument(name): shell, ForwardDocument(name): forward} {
		text, err := json.Marshal(content)
		if err != nil {
			return nil, fmt.Errorf("sessions %s: %w", name, err)
		}
		if _, err := ssm.NewDocument(ctx, document, &ssm.DocumentArgs{
			Name: pulumi.String(document), DocumentType: pulumi.String("Session"), DocumentFormat: pulumi.String("JSON"), Content: pulumi.String(string(text)),
		}, pulumi.Parent(s), pulumi.DependsOn([]pulumi.Resource{group})); err != nil {
			return nil, fmt.Errorf("sessions %s: document %s: %w", name, document, err)
		}
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"logGroupArn": s.LogGroupARN})
}

// Validate returns all problems of the arguments, joined.
func (a *SessionsArgs) Validate() error {
	var problems validation.Problems
	if a.Port < 1 || a.Port > 65535 {
		problems.Add("Port", a.Port, "must be a port from 1 to 65535")
	}
	if a.KeyARN == nil {
		problems.NotSet("KeyARN", "must be the ARN of a KMS key: what people type is logged")
	}
	return problems.Err()
}
