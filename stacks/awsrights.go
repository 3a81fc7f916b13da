package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/podidentity"
	"github.com/growbin/cluster/components/postgresql"
)

// awsRight is something that an application may do in AWS.
type awsRight string

// The rights, by the bucket that they are on. A URL that an application signs allows as much as the application may do itself.
const (
	readImages   awsRight = "s3:GetObject"
	writeImages  awsRight = "s3:PutObject"
	deleteImages awsRight = "s3:DeleteObject"
)

// newAWSRole creates the role of an application with rights in AWS, and returns its ARN; nil for an application without.
func (a Application) newAWSRole(ctx *pulumi.Context, s *Settings, c *infrastructure) (pulumi.StringInput, error) {
	if len(a.AWS) == 0 {
		return nil, nil
	}
	var actions []string
	for _, right := range a.AWS {
		actions = append(actions, string(right))
	}
	role, err := podidentity.NewRole(ctx, a.Name, &podidentity.RoleArgs{
		RoleName: s.podRole(a.Name), Issuer: c.Issuer, Namespace: namespaceApplications, ServiceAccount: a.Name,
		Statements: []kubeadm.Statement{{Sid: "Images", Actions: actions, Resources: pulumi.StringArray{pulumi.Sprintf("%s/*", c.images.ARN)}}},
	}, pulumi.Provider(c.aws))
	if err != nil {
		return nil, err
	}
	return role.ARN, nil
}

// podRole returns the name of the role of an application's pods.
func (s *Settings) podRole(application string) string {
	return fmt.Sprintf("%s-pod-%s", s.ClusterName(), application)
}

// AWSWorkloads returns the names of the workloads that act in AWS in a stack with alarmEmails: applications, the jobs of dumps,
// and the heartbeat.
func AWSWorkloads() []string {
	names := []string{peerHeartbeat}
	for _, d := range databases() {
		names = append(names, postgresql.BackupName(serverPostgreSQL, d.Name))
	}
	for _, application := range catalog {
		if len(application.AWS) > 0 {
			names = append(names, application.Name)
		}
	}
	return names
}
