package stacks

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/cost"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/validation"
)

// quotaFactor leaves room for pods that still end while their successors start, for a surge instance of a roll, and for an update
// that removes one application and changes others.
const quotaFactor = 2

// controller creates pods in a namespace of the program.
type controller struct {
	capacity.PodSet
	namespace string
	// surge is the number of pods that an update adds for its time.
	surge int
	// job is true for pods that run now and then.
	job bool
}

// controllersOf returns those that the program registers.
func controllersOf(resources []cost.Resource) ([]controller, error) {
	spaces := map[string]string{}
	for _, r := range resources {
		if r.Type == "kubernetes:core/v1:Namespace" {
			spaces[r.URN] = r.Name
		}
	}
	in := func(r cost.Resource, input string) string {
		for _, urn := range r.Uses[input] {
			if name, ok := spaces[urn]; ok {
				return name
			}
		}
		return ""
	}
	most, err := mostPods(resources)
	if err != nil {
		return nil, err
	}
	var all []controller
	for _, r := range resources {
		kind := r.Type[strings.LastIndex(r.Type, ":")+1:]
		c := controller{PodSet: capacity.PodSet{Name: kind + " " + r.Name}, namespace: in(r, "metadata")}
		switch r.Type {
		case "kubernetes:apps/v1:Deployment":
			var d appsv1.Deployment
			err = decodeInputs(r.Inputs, &d)
			c.Replicas, c.Pod, c.surge = max(replicas(d.Spec.Replicas), most[d.Namespace+"/"+d.Name]), d.Spec.Template.Spec, surge(&d)
			c.Surges = c.surge > 0
		case "kubernetes:apps/v1:StatefulSet":
			var d appsv1.StatefulSet
			err = decodeInputs(r.Inputs, &d)
			c.Replicas, c.Pod = replicas(d.Spec.Replicas), d.Spec.Template.Spec
		case "kubernetes:apps/v1:DaemonSet":
			var d appsv1.DaemonSet
			err = decodeInputs(r.Inputs, &d)
			c.EveryNode, c.Pod = true, d.Spec.Template.Spec
		case "kubernetes:batch/v1:CronJob":
			var d batchv1.CronJob
			err = decodeInputs(r.Inputs, &d)
			c.Replicas, c.Pod, c.job = 1, d.Spec.JobTemplate.Spec.Template.Spec, true
		case "kubernetes:helm.sh/v3:Release":
			if in(r, "namespace") == namespaceArgoCD {
				all = append(all, partsOfArgoCD()...)
			}
			continue
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the pods of %s: %w", c.Name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// chartPrefix begins the names of the pods of Argo CD's chart.
const chartPrefix = "chart "

// partsOfArgoCD are the pods of the chart.
func partsOfArgoCD() []controller {
	var all []controller
	for name, pod := range argocd.Pods() {
		all = append(all, controller{PodSet: capacity.PodSet{Name: chartPrefix + name, Replicas: 1, Pod: pod}, namespace: namespaceArgoCD, surge: 1})
	}
	return all
}

// surge is the number of pods beyond the replicas during an update.
func surge(d *appsv1.Deployment) int {
	if d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return 0
	}
	most := intstr.FromString("25%") // Kubernetes' default
	if r := d.Spec.Strategy.RollingUpdate; r != nil && r.MaxSurge != nil {
		most = *r.MaxSurge
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(&most, replicas(d.Spec.Replicas), true)
	if err != nil {
		return 1 // the API server refuses the Deployment
	}
	return n
}

// quotasOf returns the quotas of the program's namespaces: quotaFactor times the pods of their rows, those that an update adds and
// those of Jobs included, and no container larger than the largest one.
func (s *Settings) quotasOf(controllers []controller) (map[string]*namespace.Quota, error) {
	var problems validation.Problems
	quotas := map[string]*namespace.Quota{}
	for _, c := range controllers {
		if c.namespace == "" {
			continue // of the platform
		}
		for _, container := range slices.Concat(c.Pod.InitContainers, c.Pod.Containers) {
			r := container.Resources
			if r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero() {
				problems.NotSet(c.Name+"."+container.Name+".Resources", "must request CPU and memory, and limit memory: the quota of namespace %s counts them", c.namespace)
			}
		}
		q := quotas[c.namespace]
		if q == nil {
			q = &namespace.Quota{}
			quotas[c.namespace] = q
		}
		pods := c.Replicas + c.surge
		if c.EveryNode {
			pods = len(s.Nodes)
		}
		requests := capacity.Requests(c.Pod)
		limit, largest := memoryLimit(c.Pod)
		n := int64(quotaFactor * pods)
		q.Pods += int(n)
		q.MilliCPU += n * requests.MilliCPU
		q.MemoryMiB += n * requests.MemoryMiB
		q.LimitMiB += n * limit
		q.ContainerMiB = max(q.ContainerMiB, largest)
	}
	return quotas, problems.Err()
}

// quotasOfEstimate stand for the quotas while the resources are listed from which these follow.
func quotasOfEstimate() map[string]*namespace.Quota {
	quotas := map[string]*namespace.Quota{}
	for _, space := range []string{namespaceApplications, namespaceData, namespaceMonitoring, namespaceNodes, namespaceArgoCD} {
		quotas[space] = &namespace.Quota{Pods: 1, MilliCPU: 1, MemoryMiB: 1, LimitMiB: 64, ContainerMiB: 64}
	}
	return quotas
}

// memoryLimit returns the memory limit of a pod and that of its largest container, in MiB.
func memoryLimit(pod corev1.PodSpec) (sum, largest int64) {
	const mib = 1 << 20
	of := func(c corev1.Container) int64 {
		limit := (c.Resources.Limits.Memory().Value() + mib - 1) / mib
		largest = max(largest, limit)
		return limit
	}
	for _, c := range pod.Containers {
		sum += of(c)
	}
	var starting int64
	for _, c := range pod.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			sum += of(c) // a sidecar runs as long as its pod
		} else {
			starting = max(starting, of(c))
		}
	}
	return max(sum, starting), largest
}
