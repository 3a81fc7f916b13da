package workload

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args describes one stateless workload.
type Args struct {
	// Namespace must exist.
	Namespace pulumi.StringInput
	// Image is a full reference with a tag or digest.
	Image string
	// PullSecret names a Secret of type kubernetes.io/dockerconfigjson; nil for public images.
	PullSecret pulumi.StringInput
	// Command replaces the image's entrypoint; nil keeps it.
	Command []string
	// Replicas counts pods.
	Replicas int
	// Singleton promises that never two pods run at once, also during a rollout; it allows one replica only.
	Singleton bool
	// Port is where the container listens; 0 for none, then there is no Service.
	Port int
	// Env are plain environment variables.
	Env map[string]string
	// SecretEnv are environment variables that are kept secret, in a Secret of the workload's own.
	SecretEnv map[string]pulumi.StringInput
	// NodeSelector and Tolerations place the pods.
	NodeSelector map[string]string
	Tolerations  []corev1.Toleration
	// Requests and Limits are per pod.
	Requests, Limits Resources
	// Liveness and Readiness tell a stuck and an unready pod; Startup delays both until it first succeeds.
	Liveness, Readiness, Startup *Probe
	// WritablePaths are directories that the container may write to, on scratch space that dies with the pod.
	// /tmp is always one; the rest of the file system is read-only.
	WritablePaths []string
	// GraceSeconds is how long a stopping pod may take to finish its work; 30 when 0.
	GraceSeconds int
	// User is the numeric user the container runs as; 1000 when 0. Root is refused.
	User int
	// Labels are added to app.kubernetes.io/name and instance on the pods; PartOf and Component are the rest of the recommended set.
	Labels            map[string]string
	PartOf, Component string
	// Annotations go on the pods, for example for Prometheus' discovery.
	Annotations map[string]string
}

// Resources are quantities in Kubernetes' notation, for example "100m" and "128Mi".
type Resources struct{ CPU, Memory string }

// Probe checks a container by HTTP or by a command; exactly one of Path and Command is set.
type Probe struct {
	// Path is requested from the container's port.
	Path string
	// Command runs in the container; exit code 0 is success.
	Command []string
	// PeriodSeconds, TimeoutSeconds and Failures default to 10, 3 and 3.
	PeriodSeconds, TimeoutSeconds, Failures int
}

// Validate returns every problem of the arguments, joined.
func (a *Args) Validate(name string) error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	if errs := validation.IsDNS1035Label(name); len(errs) > 0 {
		report("name is %q: %s", name, strings.Join(errs, "; "))
	}
	if a.Namespace == nil {
		report("Namespace is missing")
	}
	if !strings.ContainsAny(a.Image[strings.LastIndex(a.Image, "/")+1:], ":@") {
		report("Image is %q; give a tag or digest, since latest moves", a.Image)
	}
	if a.Replicas < 1 {
		report("Replicas is %d; give at least 1", a.Replicas)
	}
	if a.Singleton && a.Replicas != 1 {
		report("Replicas is %d but Singleton allows exactly 1", a.Replicas)
	}
	if a.Port < 0 || a.Port > 65535 {
		report("Port is %d; give 1 to 65535, or 0 for none", a.Port)
	}
	if a.User < 0 {
		report("User is %d; give a user number above 0", a.User)
	}
	for _, key := range slices.Sorted(maps.Keys(a.Env)) {
		if _, both := a.SecretEnv[key]; both {
			report("%s is in Env and in SecretEnv; keep one", key)
		}
	}
	problems = append(problems, a.validateResources())
	probes := map[string]*Probe{"Liveness": a.Liveness, "Readiness": a.Readiness, "Startup": a.Startup}
	for _, kind := range slices.Sorted(maps.Keys(probes)) {
		if err := probes[kind].validate(a.Port); err != nil {
			report("%s: %w", kind, err)
		}
	}
	return errors.Join(problems...)
}

func (a *Args) validateResources() error {
	var problems []error
	check := func(what, request, limit string) {
		requested, err := resource.ParseQuantity(request)
		if err != nil {
			problems = append(problems, fmt.Errorf("field Requests.%s is %q; give a quantity such as 100m or 128Mi", what, request))
			return
		}
		if limit == "" && what == "CPU" {
			return // no CPU limit: a burst may use what others leave idle
		}
		limited, err := resource.ParseQuantity(limit)
		if err != nil {
			problems = append(problems, fmt.Errorf("field Limits.%s is %q; give a quantity such as 256Mi", what, limit))
			return
		}
		if requested.Cmp(limited) > 0 {
			problems = append(problems, fmt.Errorf("field Requests.%s, %s, is more than Limits.%s, %s", what, request, what, limit))
		}
	}
	check("CPU", a.Requests.CPU, a.Limits.CPU)
	check("Memory", a.Requests.Memory, a.Limits.Memory)
	return errors.Join(problems...)
}

func (p *Probe) validate(port int) error {
	switch {
	case p == nil:
		return nil
	case (p.Path == "") == (len(p.Command) == 0):
		return errors.New("give either Path or Command")
	case p.Path != "" && port == 0:
		return fmt.Errorf("path %s needs a Port", p.Path)
	}
	return nil
}
