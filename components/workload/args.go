package workload

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

// WorkloadArgs configures a stateless workload.
type WorkloadArgs struct {
	// Namespace of all objects; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Image is a full reference with a tag or digest.
	Image string `pulumi:"image"`
	// Released is the image that runs, if somebody else releases images. Then Image is that with which the workload begins; nil
	// if it always runs Image.
	Released pulumi.StringInput `pulumi:"released"`
	// PullSecret is the name of a Secret of type kubernetes.io/dockerconfigjson; nil for public images.
	PullSecret pulumi.StringInput `pulumi:"pullSecret"`
	// Command replaces the image's entrypoint; nil keeps it.
	Command []string `pulumi:"command"`
	// Replicas is the number of pods; with Autoscale, that with which the workload begins.
	Replicas int `pulumi:"replicas"`
	// Autoscale hands the number of pods to an autoscaler; nil for a fixed number.
	Autoscale *Autoscale `pulumi:"autoscale"`
	// Singleton guarantees that never two pods run at the same time, even during a rollout. It requires one replica.
	Singleton bool `pulumi:"singleton"`
	// Port is the container's TCP port; 0 for none, then there is no Service.
	Port int `pulumi:"port"`
	// NodePort is the port of the Service on every node, 30000 to 32767; 0 for none.
	NodePort int `pulumi:"nodePort"`
	// Env are plain environment variables.
	Env map[string]string `pulumi:"env"`
	// SecretEnv are environment variables that are kept in a Secret of the workload.
	SecretEnv map[string]pulumi.StringInput `pulumi:"secretEnv"`
	// AWSRole is the ARN of an IAM role that the pods act as, by a service account called like the workload, see podidentity.NewRole;
	// nil for no account and no role.
	AWSRole pulumi.StringInput `pulumi:"awsRole"`
	// NodeSelector and Tolerations place the pods.
	NodeSelector map[string]string   `pulumi:"nodeSelector"`
	Tolerations  []corev1.Toleration `pulumi:"tolerations"`
	// Prefer are labels of the node that the pods prefer to others that they may run on.
	Prefer map[string]string `pulumi:"prefer"`
	// SpreadOver are the names of the nodes that NodeSelector selects. If they are several, the pods are spread over them, and anew when
	// the names change.
	SpreadOver []string `pulumi:"spreadOver"`
	// Requests and Limits are per pod. Without a CPU limit, a burst may use idle CPU of the node.
	Requests Resources `pulumi:"requests"`
	Limits   Resources `pulumi:"limits"`
	// Liveness restarts a pod, Readiness removes it from the Service, and Startup delays both until its first success.
	Liveness  *Probe `pulumi:"liveness"`
	Readiness *Probe `pulumi:"readiness"`
	Startup   *Probe `pulumi:"startup"`
	// WritablePaths are writable directories on scratch space that is deleted with the pod. /tmp is always writable. The
	// rest of the file system is read-only.
	WritablePaths []string `pulumi:"writablePaths"`
	// GraceSeconds is the time in seconds that a stopping pod may take, 30 by default.
	GraceSeconds int `pulumi:"graceSeconds"`
	// User is the numeric user of the container, 1000 by default. Root is refused.
	User int `pulumi:"user"`
	// Labels are additional labels of the pods.
	Labels map[string]string `pulumi:"labels"`
	// PartOf and Component are the labels app.kubernetes.io/part-of and app.kubernetes.io/component.
	PartOf    string `pulumi:"partOf"`
	Component string `pulumi:"component"`
	// Annotations of the pods, e.g. for Prometheus's discovery.
	Annotations map[string]string `pulumi:"annotations"`
}

// Resources are quantities in Kubernetes's notation, e.g. "100m" and "128Mi".
type Resources struct {
	CPU    string `pulumi:"cpu"`
	Memory string `pulumi:"memory"`
}

// Probe checks a container by HTTP or by a command: exactly one of Path and Command must be set.
type Probe struct {
	// Path is requested at the container's port.
	Path string `pulumi:"path"`
	// Command runs in the container; exit code 0 means success.
	Command []string `pulumi:"command"`
	// PeriodSeconds, TimeoutSeconds and Failures are 10 s, 3 s and 3 by default.
	PeriodSeconds  int `pulumi:"periodSeconds"`
	TimeoutSeconds int `pulumi:"timeoutSeconds"`
	Failures       int `pulumi:"failures"`
}

// Validate returns all problems of the arguments, joined.
func (a *WorkloadArgs) Validate(name string) error {
	var problems validation.Problems
	if errs := utilvalidation.IsDNS1035Label(name); len(errs) > 0 {
		problems.Add("name", name, "must be the name of a Service: %s", strings.Join(errs, "; "))
	}
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of all objects")
	}
	pod.ValidateImage(&problems, "Image", a.Image)
	if a.Replicas < 1 {
		problems.Add("Replicas", a.Replicas, "must be at least 1")
	}
	if a.Singleton && a.Replicas > 1 {
		problems.Add("Replicas", a.Replicas, "must be 1 for a Singleton")
	}
	problems.Include("Autoscale", a.Autoscale.validate(a))
	if a.Port < 0 || a.Port > 65535 {
		problems.Add("Port", a.Port, "must be 1 to 65535, or 0 for none")
	}
	if a.NodePort != 0 && (a.Port == 0 || a.NodePort < 30000 || a.NodePort > 32767) {
		problems.Add("NodePort", a.NodePort, "must be 30000 to 32767 for a workload with a Port, or 0 for none")
	}
	if a.User < 0 {
		problems.Add("User", a.User, "must be above 0")
	}
	for _, key := range slices.Sorted(maps.Keys(a.Env)) {
		if _, both := a.SecretEnv[key]; both {
			problems.Add("Env", key, "must not be in SecretEnv too")
		}
	}
	validateResource(&problems, "CPU", a.Requests.CPU, a.Limits.CPU, true)
	validateResource(&problems, "Memory", a.Requests.Memory, a.Limits.Memory, false)
	problems.Include("Liveness", a.Liveness.validate(a.Port))
	problems.Include("Readiness", a.Readiness.validate(a.Port))
	problems.Include("Startup", a.Startup.validate(a.Port))
	return problems.Err()
}

func validateResource(problems *validation.Problems, field, request, limit string, limitOptional bool) {
	requested, err := resource.ParseQuantity(request)
	if err != nil {
		problems.Add("Requests."+field, request, "must be a quantity, e.g. 100m or 128Mi")
		return
	}
	if limit == "" && limitOptional {
		return
	}
	limited, err := resource.ParseQuantity(limit)
	if err != nil {
		problems.Add("Limits."+field, limit, "must be a quantity, e.g. 256Mi")
		return
	}
	if requested.Cmp(limited) > 0 {
		problems.Add("Requests."+field, request, "must be at most Limits.%s, %s", field, limit)
	}
}

func (p *Probe) validate(port int) error {
	if p == nil {
		return nil
	}
	var problems validation.Problems
	switch {
	case p.Path == "" && len(p.Command) == 0:
		problems.NotSet("Path", "must be set if Command is not")
	case p.Path != "" && len(p.Command) > 0:
		problems.Add("Path", p.Path, "must not be set with Command")
	case p.Path != "" && port == 0:
		problems.Add("Path", p.Path, "must not be set without a Port")
	}
	return problems.Err()
}
