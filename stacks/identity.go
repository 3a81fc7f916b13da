package stacks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/encryption"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/sessions"
	"github.com/growbin/cluster/components/validation"
)

// identity is the account of a stack, with the principals that run the program: ARNs of a user or the root user, or patterns of a
// role's ARN.
type identity struct {
	account string
	// caller runs this update, deployer ran the first one.
	caller, deployer []string
}

// identityOfEstimate deploys nothing.
var identityOfEstimate = identity{account: "000000000000", deployer: []string{"arn:aws:iam::000000000000:role/estimate"}}

// factDeployer names the deployer among the facts of a stack.
const factDeployer = "deployer"

var managedPolicy = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:policy/([\w+=,.@-]+/)*[\w+=,.@-]+$`)

var roleSession = regexp.MustCompile(`^arn:aws:sts::([0-9]{12}):assumed-role/([^/]+)/`)

// principalOf returns the principal of a caller's ARN, as the condition key aws:PrincipalArn has it. The ARN of a role's session
// has lost the path of the role. Names of roles are unique without it, so the second pattern matches this role alone, at any path.
func principalOf(arn string) []string {
	found := roleSession.FindStringSubmatch(arn)
	if found == nil {
		return []string{arn}
	}
	role := "arn:aws:iam::" + found[1] + ":role/"
	return []string{role + found[2], role + "*/" + found[2]}
}

// rememberDeployer returns the principal that ran the first update, and refuses an update by one that could not read the cluster's
// kubeconfig. A preview reads that of the previewer.
func (s *Settings) rememberDeployer(ctx *pulumi.Context, who identity) ([]string, error) {
	var problems validation.Problems
	for key, list := range map[string][]string{"operators": s.Operators, "readers": s.Readers} {
		for _, arn := range list {
			if !strings.HasPrefix(arn, "arn:aws:iam::"+who.account+":") {
				problems.Add(ConfigPrefix+key, arn, "must be of the account of the stack, %s", who.account)
			}
		}
	}
	stored, err := stash(ctx, stashOfDeployer, map[string]string{factDeployer: strings.Join(who.caller, " ")}, true)
	if err != nil {
		return nil, err
	}
	first, _ := stored[factDeployer].(string)
	who.deployer = strings.Fields(first)
	if len(who.deployer) == 0 {
		return nil, fmt.Errorf("read the deployer of the stack: %v must name one", stored)
	}
	if !ctx.DryRun() && !s.mayDeploy(who) {
		problems.Add("AWS identity", who.caller[0], "must be %s, which ran the first update, or one of %soperators", who.deployer[0], ConfigPrefix)
	}
	return who.deployer, s.refuse("cannot be deployed like this", problems.Err())
}

// mayDeploy reports whether the caller may use everything that the stack encrypts.
func (s *Settings) mayDeploy(who identity) bool {
	if slices.Equal(who.caller, who.deployer) {
		return true
	}
	return slices.ContainsFunc(s.Operators, func(arn string) bool {
		role, isRole := strings.CutPrefix(arn, "arn:aws:iam::"+who.account+":role/")
		return slices.Contains(who.caller, arn) || isRole && slices.Contains(who.caller, "arn:aws:iam::"+who.account+":role/*/"+role[strings.LastIndex(role, "/")+1:])
	})
}

// apiIdentity returns the user of the API server as whom the program connects. Somebody who may not deploy cannot read the
// deployer's kubeconfig, and needs none that changes anything for a preview.
func (s *Settings) apiIdentity(preview bool, who identity) kubeadm.Identity {
	if preview && !s.mayDeploy(who) {
		return kubeadm.Previewer
	}
	return kubeadm.Deployer
}

// validatePeople checks the settings operators and readers.
func (s *Settings) validatePeople(r *settingsReader) {
	for key, list := range map[string][]string{"operators": s.Operators, "readers": s.Readers} {
		for i, arn := range list {
			if !encryption.IsPrincipal(arn) {
				r.invalid(key, arn, "must be the ARN of an IAM role or user, without wildcards, e.g. arn:aws:iam::111122223333:role/growbin-%s", strings.TrimSuffix(key, "s"))
			} else if slices.Contains(list[:i], arn) {
				r.invalid(key, arn, "must be named once")
			}
		}
	}
	if s.PermissionsBoundary != "" && !managedPolicy.MatchString(s.PermissionsBoundary) {
		r.invalid("permissionsBoundary", s.PermissionsBoundary, "must be the ARN of a managed policy, e.g. arn:aws:iam::111122223333:policy/%s-boundary", s.ClusterName())
	}
	for _, arn := range s.Readers {
		if slices.Contains(s.Operators, arn) {
			r.invalid("readers", arn, "must not be one of %soperators, which may read everything", ConfigPrefix)
		}
	}
}

// people are the principals that may use everything that the stack encrypts.
func (s *Settings) people(who identity) []string { return slices.Concat(who.deployer, s.Operators) }

func (who identity) role(name string) string { return "arn:aws:iam::" + who.account + ":role/" + name }

// backupUsers, dumpUsers and imageUsers are the principals that may use the objects of a bucket.
func (s *Settings) backupUsers(who identity) []string {
	return append(s.people(who), who.role(kubeadm.RoleName(s.ClusterName(), ControlPlane(s.Nodes).Name)))
}

func (s *Settings) dumpUsers(who identity) []string {
	users := s.people(who)
	for _, d := range databases() {
		users = append(users, who.role(s.dumpRole(d.Name)))
	}
	return users
}

func (s *Settings) imageUsers(who identity) []string {
	users := s.people(who)
	for _, application := range catalog {
		if len(application.AWS) > 0 {
			users = append(users, who.role(s.podRole(application.Name)))
		}
	}
	return users
}

// keyArgs returns the key of the stack: each node uses it for its own parameters, as IAM limits it.
func (s *Settings) keyArgs(who identity) *encryption.KeyArgs {
	users := s.dumpUsers(who)
	for _, n := range s.nodesWithSurge() {
		users = append(users, who.role(kubeadm.RoleName(s.ClusterName(), n.Name)))
	}
	args := &encryption.KeyArgs{
		Account: who.account, Region: s.Region, Users: users, Builders: s.people(who), LogGroups: []string{sessions.LogGroup(s.ClusterName())},
		DeletionProtection: s.DeletionProtection,
	}
	parameter := func(name string) string {
		return fmt.Sprintf("arn:aws:ssm:%s:%s:parameter%s", s.Region, who.account, name)
	}
	if len(s.Readers) > 0 {
		args.Readers = append(args.Readers, encryption.Reader{Principals: s.Readers, Parameters: []string{
			parameter(kubeadm.AccessParameter(s.ClusterName(), kubeadm.Reader)), parameter(kubeadm.AccessParameter(s.ClusterName(), kubeadm.Previewer)),
		}})
	}
	for _, application := range slices.Sorted(maps.Keys(s.ReleaseRepositories)) {
		args.Readers = append(args.Readers, encryption.Reader{
			Principals: []string{who.role(s.releaseRole(application))}, Parameters: []string{parameter(ReleaseParameter(s.Stack, application))},
		})
	}
	if s.Sleep != nil {
		args.Starters = []string{who.role(s.sleepName())}
	}
	return args
}

// limitRoles sets the permissions boundary on every role that the program registers after it.
func (s *Settings) limitRoles(ctx *pulumi.Context) error {
	if s.PermissionsBoundary == "" {
		return nil
	}
	return ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if role, isRole := args.Props.(*iam.RoleArgs); isRole {
			role.PermissionsBoundary = pulumi.String(s.PermissionsBoundary)
		}
		return nil
	})
}
