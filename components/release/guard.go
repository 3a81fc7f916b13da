package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	admission "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/validation"
)

const guardType = "kubeadm-aws:release:Guard"

// GuardArgs describes the limits of all Releasers of a namespace. Namespace and Registry are required.
type GuardArgs struct {
	// Namespace is the name of the namespace, which the names of its service accounts contain.
	Namespace string `pulumi:"namespace"`
	// Registry is the path of the images: that of an application NAME must be Registry/NAME:TAG.
	Registry string `pulumi:"registry"`
	// Migrations are the Jobs that Releasers may create, by application. Each is that of a CronJob of its name with
	// MigrationLabels.
	Migrations map[string]string `pulumi:"migrations"`
}

// MigrationLabels are the labels of the CronJobs that Releasers may run.
var MigrationLabels = map[string]string{"app.kubernetes.io/component": "migration"}

// Guard holds the admission policies.
type Guard struct {
	pulumi.ResourceState
}

// Validate returns all problems of the arguments, joined.
func (a *GuardArgs) Validate() error {
	var problems validation.Problems
	if len(utilvalidation.IsDNS1123Label(a.Namespace)) > 0 {
		problems.Add("Namespace", a.Namespace, "must be the name of a namespace")
	}
	if a.Registry == "" {
		problems.NotSet("Registry", "must be the path of the images, e.g. ghcr.io/example")
	}
	return problems.Err()
}

// NewGuard creates the policies. Releasers should depend on it: without it their rights go further than an image.
func NewGuard(ctx *pulumi.Context, name string, args *GuardArgs, opts ...pulumi.ResourceOption) (*Guard, error) {
	if args == nil {
		args = &GuardArgs{}
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("guard %s: %w", name, err)
	}
	g := &Guard{}
	if err := ctx.RegisterComponentResource(guardType, name, g, opts...); err != nil {
		return nil, fmt.Errorf("guard %s: %w", name, err)
	}
	for _, p := range args.policies(name) {
		if err := p.create(ctx, args, pulumi.Parent(g)); err != nil {
			return nil, fmt.Errorf("guard %s: %w", name, err)
		}
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{})
}

// guardPolicy is one ValidatingAdmissionPolicy.
type guardPolicy struct {
	name                       string
	group, resource, operation string
	// variables and rules are CEL expressions; the message of a rule follows it.
	variables, rules [][2]string
	// parameters is true if the policy is evaluated with each CronJob of a migration.
	parameters bool
}

// policies compare the whole object but for the image. The metadata that the API server writes itself is left out.
func (a *GuardArgs) policies(name string) []guardPolicy {
	metadata := [2]string{
		`['labels', 'annotations', 'finalizers', 'ownerReferences'].all(k, ` + same("object.metadata", "oldObject.metadata") + `)`,
		"must not change metadata",
	}
	images := func(pod string) [][2]string {
		image := "object." + pod + ".containers[0].image"
		return [][2]string{
			{equalBut("object."+pod, "oldObject."+pod, "containers"), "must not change the pods but for their image"},
			{
				`object.` + pod + `.containers.size() == 1 && oldObject.` + pod + `.containers.size() == 1 && ` +
					equalBut("object."+pod+".containers[0]", "oldObject."+pod+".containers[0]", "image"),
				"must not change the container but for its image",
			},
			{
				image + `.startsWith(variables.repository) && ` + image + `.substring(variables.repository.size())` +
					`.matches('^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?$') && !` + image + `.endsWith(':latest')`,
				"must have an image of the application's own repository, with a version",
			},
		}
	}
	application := [2]string{"application", `request.userInfo.username.split(':')[3].substring(` + fmt.Sprint(len(accountPrefix)) + `)`}
	repository := [2]string{"repository", `'` + a.Registry + `/' + variables.application + ':'`}
	var migrations []string
	for _, application := range slices.Sorted(maps.Keys(a.Migrations)) {
		migrations = append(migrations, fmt.Sprintf("'%s': '%s'", application, a.Migrations[application]))
	}
	own := "{" + strings.Join(migrations, ", ") + "}"
	const job, spec = "spec.jobTemplate.spec.template", "spec.template"
	const batchLabels = `['batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name', 'controller-uid', 'job-name']`
	const other = `object.metadata.name != params.metadata.name || `
	labels := func(of string) string { return of + `[?'labels'].orValue({})` }
	return []guardPolicy{
		{
			name: name + "-deployments", group: "apps", resource: "deployments", operation: "UPDATE", variables: [][2]string{application, repository},
			rules: append([][2]string{
				metadata,
				{equalBut("object.spec", "oldObject.spec", "template"), "must not change spec"},
				{equalBut("object."+spec, "oldObject."+spec, "spec"), "must not change the pods' metadata"},
			}, images(spec+".spec")...),
		},
		{
			name: name + "-migrations", group: "batch", resource: "cronjobs", operation: "UPDATE", variables: [][2]string{application, repository},
			rules: append([][2]string{
				metadata,
				{equalBut("object.spec", "oldObject.spec", "jobTemplate"), "must not change spec"},
				{equalBut("object.spec.jobTemplate", "oldObject.spec.jobTemplate", "spec"), "must not change the Job's metadata"},
				{equalBut("object.spec.jobTemplate.spec", "oldObject.spec.jobTemplate.spec", "template"), "must not change the Job"},
				{equalBut("object."+job, "oldObject."+job, "spec"), "must not change the pods' metadata"},
			}, images(job+".spec")...),
		},
		{
			// Parameters are all CronJobs with MigrationLabels. The identity has patched the image of its own before.
			name: name + "-jobs", group: "batch", resource: "jobs", operation: "CREATE", variables: [][2]string{application}, parameters: true,
			rules: [][2]string{
				{`variables.application in ` + own + ` && object.metadata.name == ` + own + `[variables.application]`, "must be the application's migration"},
				{`object.spec.parallelism == 1 && object.spec.completions == 1`, "must run one pod"},
				{other + `object.spec.template.spec == params.` + job + `.spec`, "must have the pod of the CronJob of its name"},
				{
					other + labels("params."+job+".metadata") + `.all(k, ` + labels("object.spec.template.metadata") + `[?k] == ` + labels("params."+job+".metadata") + `[?k])`,
					"must have the labels of the CronJob's pods",
				},
				{
					other + labels("object.spec.template.metadata") + `.all(k, k in ` + batchLabels + ` || k in ` + labels("params."+job+".metadata") + `)`,
					"must have no labels but those of the CronJob's pods",
				},
			},
		},
	}
}

// same is a comparison of field k of two objects, either of which may lack it.
func same(one, other string) string {
	return `(k in ` + one + `) == (k in ` + other + `) && (!(k in ` + one + `) || ` + one + `[k] == ` + other + `[k])`
}

// equalBut is a comparison of all fields of two objects but one.
func equalBut(one, other, field string) string {
	return one + `.all(k, k == '` + field + `' || ` + same(one, other) + `) && ` + other + `.all(k, k == '` + field + `' || k in ` + one + `)`
}

func (p guardPolicy) create(ctx *pulumi.Context, a *GuardArgs, opts ...pulumi.ResourceOption) error {
	variables, rules := admission.VariableArray{}, admission.ValidationArray{}
	for _, v := range p.variables {
		variables = append(variables, &admission.VariableArgs{Name: pulumi.String(v[0]), Expression: pulumi.String(v[1])})
	}
	for _, r := range p.rules {
		rules = append(rules, &admission.ValidationArgs{Expression: pulumi.String(r[0]), Message: pulumi.String("a release " + r[1]), Reason: pulumi.String("Forbidden")})
	}
	spec := &admission.ValidatingAdmissionPolicySpecArgs{
		FailurePolicy: pulumi.String("Fail"),
		MatchConstraints: &admission.MatchResourcesArgs{
			NamespaceSelector: &meta.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(a.Namespace)}},
			ResourceRules: admission.NamedRuleWithOperationsArray{&admission.NamedRuleWithOperationsArgs{
				ApiGroups: pulumi.ToStringArray([]string{p.group}), ApiVersions: pulumi.ToStringArray([]string{"v1"}),
				Resources: pulumi.ToStringArray([]string{p.resource}), Operations: pulumi.ToStringArray([]string{p.operation}),
			}},
		},
		MatchConditions: admission.MatchConditionArray{&admission.MatchConditionArgs{
			Name:       pulumi.String("releasers"),
			Expression: pulumi.String(`request.userInfo.username.startsWith('system:serviceaccount:` + a.Namespace + `:` + accountPrefix + `')`),
		}},
		Variables: variables, Validations: rules,
	}
	binding := &admission.ValidatingAdmissionPolicyBindingSpecArgs{
		PolicyName: pulumi.String(p.name), ValidationActions: pulumi.ToStringArray([]string{"Deny"}),
	}
	if p.parameters {
		spec.ParamKind = &admission.ParamKindArgs{ApiVersion: pulumi.String("batch/v1"), Kind: pulumi.String("CronJob")}
		binding.ParamRef = &admission.ParamRefArgs{
			Selector:                &meta.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(MigrationLabels)},
			Namespace:               pulumi.String(a.Namespace),
			ParameterNotFoundAction: pulumi.String("Deny"),
		}
	}
	metadata := &meta.ObjectMetaArgs{Name: pulumi.String(p.name)}
	if _, err := admission.NewValidatingAdmissionPolicy(ctx, p.name, &admission.ValidatingAdmissionPolicyArgs{Metadata: metadata, Spec: spec}, opts...); err != nil {
		return fmt.Errorf("create policy %s: %w", p.name, err)
	}
	if _, err := admission.NewValidatingAdmissionPolicyBinding(ctx, p.name, &admission.ValidatingAdmissionPolicyBindingArgs{Metadata: metadata, Spec: binding}, opts...); err != nil {
		return fmt.Errorf("bind policy %s: %w", p.name, err)
	}
	return nil
}
