package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/release"
	"github.com/growbin/cluster/components/sessions"
	"github.com/growbin/cluster/components/validation"
)

// componentLabel is the label of an object's part in the application.
const componentLabel = "app.kubernetes.io/component"

// githubIssuer is the OIDC provider of GitHub's workflows, which the account must have.
const githubIssuer = "token.actions.githubusercontent.com"

// ReleaseParameter returns the name of the SSM parameter with the kubeconfig that may release an application, and nothing else.
func ReleaseParameter(stack, application string) string {
	return "/growbin-" + stack + "/release/" + application
}

// ReleaseNamespace is the namespace of the applications.
const ReleaseNamespace = namespaceApplications

// Migration returns the name of the application's migration Job; empty if it has none.
func (a Application) Migration() string { return a.migration() }

// ReleaseImage returns the row of an application and the reference of its image with the tag. Its error joins all problems.
func (s *Settings) ReleaseImage(application, tag string) (Application, string, error) {
	var problems validation.Problems
	i := slices.IndexFunc(catalog, func(a Application) bool { return a.Name == application })
	if i < 0 {
		problems.Add("APPLICATION", application, "must be one of %s", strings.Join(ApplicationNames(), ", "))
	}
	if must := checkTag(tag); must != "" {
		problems.Add("TAG", tag, "%s", must)
	}
	if s.GitPath != "" {
		problems.Add(ConfigPrefix+"gitPath", s.GitPath, "must be empty: Argo CD owns the images; change the tag in %s", s.GitRepository)
	}
	if err := problems.Err(); err != nil {
		return Application{}, "", err
	}
	return catalog[i], s.ImageRegistry + "/" + application + ":" + tag, nil
}

// newReleasers creates an identity for each application with its kubeconfig, and a role for its repository's workflows. With
// gitPath there are none: Argo CD owns the images.
func newReleasers(ctx *pulumi.Context, s *Settings, c *infrastructure, p *platform, space *namespace.Namespace) error {
	if s.GitPath != "" {
		return nil
	}
	guard, err := release.NewGuard(ctx, "release", &release.GuardArgs{
		Namespace: namespaceApplications, Registry: s.ImageRegistry, Migrations: migrations(),
	}, p.inCluster)
	if err != nil {
		return err
	}
	var options []pulumi.ResourceOption
	if c.identity == kubeadm.Previewer { // it reads no Secret, so it does not know the token
		options = append(options, pulumi.IgnoreChanges([]string{"value"}))
	}
	for _, a := range catalog {
		identity, err := release.NewReleaser(ctx, a.Name, &release.ReleaserArgs{
			Namespace: space.Name, Readable: ApplicationNames(), Migration: a.migration(),
		}, p.inCluster, pulumi.DependsOn([]pulumi.Resource{guard}))
		if err != nil {
			return err
		}
		parameter, err := ssm.NewParameter(ctx, "release-"+a.Name, &ssm.ParameterArgs{
			Name: pulumi.String(ReleaseParameter(s.Stack, a.Name)), Type: pulumi.String("SecureString"), KeyId: c.key.ARN,
			Description: pulumi.String("Kubeconfig that may release " + a.Name),
			Value:       pulumi.ToSecret(pulumi.All(c.Kubeconfig, identity.Secret).ApplyT(releaseKubeconfig(ctx))).(pulumi.StringOutput),
		}, append(options, c.onAWS, pulumi.Parent(identity))...)
		if err != nil {
			return fmt.Errorf("store the kubeconfig for releases of %s: %w", a.Name, err)
		}
		if err := newReleaseRole(ctx, s, c, a.Name, parameter); err != nil {
			return err
		}
	}
	return nil
}

// releaseKubeconfig returns a function of the administrator's kubeconfig and the name of a Secret, which waits for the token in
// the Secret and returns the kubeconfig of the token.
func releaseKubeconfig(ctx *pulumi.Context) func([]any) (string, error) {
	return func(values []any) (string, error) {
		token, err := readToken(ctx.Context(), values[0].(string), values[1].(string), ctx.DryRun())
		if err != nil {
			return "", fmt.Errorf("read the token of %s: %w", values[1], err)
		}
		return withToken(values[0].(string), token)
	}
}

// tokenTimeout bounds the wait for the controller manager, which is busy in a new cluster.
const tokenTimeout = 2 * time.Minute

// readToken waits for the token, but for a preview, which takes none for one that the update will make.
func readToken(ctx context.Context, kubeconfig, secret string, preview bool) (string, error) {
	client, err := connect(kubeconfig)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	for {
		found, err := client.CoreV1().Secrets(namespaceApplications).Get(ctx, secret, metav1.GetOptions{})
		if err == nil && len(found.Data["token"]) > 0 {
			return string(found.Data["token"]), nil
		}
		if preview {
			return "", nil
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(err, fmt.Errorf("no token in Secret %s after %s", secret, tokenTimeout))
		case <-time.After(time.Second):
		}
	}
}

// withToken returns the kubeconfig with a token in place of its user.
func withToken(kubeconfig, token string) (string, error) {
	config, err := clientcmd.Load([]byte(kubeconfig))
	if err != nil {
		return "", fmt.Errorf("read the kubeconfig of the cluster: %w", err)
	}
	for _, context := range config.Contexts {
		context.AuthInfo, context.Namespace = "release", namespaceApplications
	}
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{"release": {Token: token}}
	text, err := clientcmd.Write(*config)
	if err != nil {
		return "", fmt.Errorf("write the kubeconfig for releases: %w", err)
	}
	return string(text), nil
}

// newReleaseRole creates the IAM role of the application's own repository, if the settings name one. Its workflows must run in
// the GitHub environment of the stack's name, whose protection rules apply then.
func newReleaseRole(ctx *pulumi.Context, s *Settings, c *infrastructure, application string, parameter *ssm.Parameter) error {
	repository := s.ReleaseRepositories[application]
	if repository == "" {
		return nil
	}
	name := s.releaseRole(application)
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), Description: pulumi.String("Releases of " + application + " by workflows of " + repository),
		AssumeRolePolicy: parameter.Arn.ApplyT(func(arn string) (string, error) { return releaseTrust(s.Stack, repository, arn) }).(pulumi.StringOutput),
	}, c.onAWS)
	if err != nil {
		return fmt.Errorf("create the role for releases of %s: %w", application, err)
	}
	if _, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Name: pulumi.String("release"), Role: role.Name,
		Policy: pulumi.All(parameter.Arn, c.key.ARN).ApplyT(func(arns []any) (string, error) {
			return s.releasePolicy(arns[0].(string), arns[1].(string))
		}).(pulumi.StringOutput),
	}, c.onAWS); err != nil {
		return fmt.Errorf("permit the role for releases of %s: %w", application, err)
	}
	return nil
}

// releaseRole returns the name of the role for releases of an application.
func (s *Settings) releaseRole(application string) string {
	return s.ClusterName() + "-release-" + application
}

// releaseTrust lets the workflows of a repository take the role; arn is one of the account.
func releaseTrust(stack, repository, arn string) (string, error) {
	return policyDocument(map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": map[string]string{"Federated": "arn:aws:iam::" + strings.Split(arn, ":")[4] + ":oidc-provider/" + githubIssuer},
		"Condition": map[string]map[string]string{"StringEquals": {
			githubIssuer + ":aud": "sts.amazonaws.com",
			githubIssuer + ":sub": "repo:" + repository + ":environment:" + stack,
		}},
	})
}

// releasePolicy permits to read the kubeconfig with the given ARN and, where the API server is behind Session Manager, to forward
// a port to the control plane. The check of the document keeps a shell from it.
func (s *Settings) releasePolicy(arn, key string) (string, error) {
	statements := []map[string]any{
		{"Sid": "Kubeconfig", "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arn},
		{
			"Sid": "Decrypt", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key,
			"Condition": map[string]map[string]string{"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": arn}},
		},
	}
	if s.APIAccess == AccessSessionManager {
		statements = append(statements,
			map[string]any{"Sid": "FindControlPlane", "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"},
			map[string]any{
				"Sid": "ForwardPort", "Effect": "Allow", "Action": "ssm:StartSession",
				"Resource": "arn:aws:ssm:" + s.Region + ":" + strings.Split(arn, ":")[4] + ":document/" + sessions.ForwardDocument(s.ClusterName()),
			},
			map[string]any{
				"Sid": "ToControlPlane", "Effect": "Allow", "Action": "ssm:StartSession",
				"Resource": "arn:aws:ec2:" + s.Region + ":" + strings.Split(arn, ":")[4] + ":instance/*",
				"Condition": map[string]map[string]string{
					"StringEquals": {"ssm:resourceTag/" + clusterTag: s.ClusterName(), "ssm:resourceTag/Name": ControlPlane(s.Nodes).Name},
					"Bool":         {"ssm:SessionDocumentAccessCheck": "true"},
				},
			})
	}
	return policyDocument(statements...)
}

func policyDocument(statements ...map[string]any) (string, error) {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return string(text), err
}
