// Package forecast predicts how long Growbin's stack takes from `pulumi up` until all of its pods run.
package forecast

import (
	"github.com/growbin/cluster/components/access"
	"github.com/growbin/cluster/internal/forecast"
)

// stores are the workloads that applications wait for.
var stores = []string{"rabbitmq", "postgresql", "redis-cache", "redis-durable"}

// model is what the program itself does not show.
func model() *forecast.Model {
	return &forecast.Model{
		Images: images,
		ControlPlaneImages: []string{
			"registry.k8s.io/pause", "registry.k8s.io/etcd", "registry.k8s.io/kube-apiserver",
			"registry.k8s.io/kube-controller-manager", "registry.k8s.io/kube-scheduler",
			"registry.k8s.io/kube-proxy", "registry.k8s.io/coredns/coredns",
		},
		NodeImages: []string{"registry.k8s.io/pause", "registry.k8s.io/kube-proxy"},
		Charts:     charts,
		System: []forecast.ChartPod{
			{Name: "kube-proxy", EveryNode: true, HostNetwork: true, Images: []string{"registry.k8s.io/kube-proxy"}},
			{Name: "coredns", Images: []string{"registry.k8s.io/coredns/coredns"}},
		},
		NetworkChart: "tigera-operator", NetworkPod: "calico-node",
		PollInterval: access.DefaultPollInterval.Seconds(),
		Stores:       stores, Namespace: "growbin",
	}
}

// charts are the pods of the Helm releases (tigera-operator v3.32, argo-cd 10.1).
var charts = map[string]forecast.Chart{
	"crd.projectcalico.org.v1": {},
	"tigera-operator": {Pods: []forecast.ChartPod{
		{Name: "tigera-operator", HostNetwork: true, Images: []string{"quay.io/tigera/operator"}},
		{Name: "calico-typha", HostNetwork: true, Operated: true, Images: []string{"quay.io/calico/typha"}},
		{Name: "calico-node", EveryNode: true, HostNetwork: true, Operated: true, Images: []string{"quay.io/calico/cni", "quay.io/calico/node"}, Init: 2},
		{Name: "calico-kube-controllers", Operated: true, Images: []string{"quay.io/calico/kube-controllers"}},
	}},
	"argo-cd": {Pods: []forecast.ChartPod{
		{Name: "argocd-redis", Images: []string{"ecr-public.aws.com/docker/library/redis"}, Init: 1},
		{Name: "argocd-application-controller", Images: []string{"quay.io/argoproj/argocd"}},
		{Name: "argocd-repo-server", Images: []string{"quay.io/argoproj/argocd"}, Init: 1},
		{Name: "argocd-server", Images: []string{"quay.io/argoproj/argocd"}},
	}},
}
