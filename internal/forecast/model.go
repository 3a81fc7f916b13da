package forecast

import (
	"fmt"
	"strings"
)

// slowPoll is what both polls were before they were shortened, in seconds.
const slowPoll = 5

// Options choose a variant. The zero value is the program as it is, from Canonical's image.
type Options struct {
	// Prebuilt machines start from an image with packages and public images in it.
	Prebuilt bool
	// Parallelism is how many resources Pulumi works on at once; its default on four processors and more when 0.
	Parallelism int
	// Each of these takes one shortening back, to show what it is worth.
	HostNames, AptDaily, AllLists, OneInstall, LatePulls, NoPrefetch, SlowPolls, StatusWaited, ServicesWaited bool
}

// Measure is one way in which the deployment was shortened.
type Measure struct {
	Name string
	// Undo takes it back.
	Undo func(*Options)
}

// Measures are all of them, in the order of a deployment.
func Measures() []Measure {
	return []Measure{
		{"the VPC gives machines no public host names, which nobody uses", func(o *Options) { o.HostNames = true }},
		{"a boot step is reported beside it, not before it", func(o *Options) { o.StatusWaited = true }},
		{"apt-daily is held back until the packages are there", func(o *Options) { o.AptDaily = true }},
		{"only the package lists of Kubernetes and Docker are fetched", func(o *Options) { o.AllLists = true }},
		{"control plane images are pulled while kubelet is installed", func(o *Options) { o.OneInstall, o.LatePulls = true, true }},
		{"pods' images are pulled while a machine waits for others", func(o *Options) { o.NoPrefetch = true }},
		{"what another machine publishes is looked for every 2 s, not 5", func(o *Options) { o.SlowPolls = true }},
		{"Pulumi waits for Deployments only, not for their Services too", func(o *Options) { o.ServicesWaited = true }},
	}
}

// Model is what the forecast must be told of a deployment beside the program itself.
type Model struct {
	// Images by repository or its beginning; the longest that fits counts.
	Images map[string]Image
	// ControlPlaneImages and NodeImages are what kubeadm names for the two roles, by repository.
	ControlPlaneImages, NodeImages []string
	// MachineImages are what a prebuilt machine image holds beside the former.
	MachineImages []string
	// Charts by name: the pods of Helm releases, which the program does not show.
	Charts map[string]Chart
	// System are the pods that kubeadm makes.
	System []ChartPod
	// NetworkChart is the chart whose pods make a node ready, NetworkPod the name of the one on each node.
	NetworkChart, NetworkPod string
	// PollInterval is the time between two looks of the program at what a machine reports, in seconds.
	PollInterval float64
	// Stores are workloads, by name, that all workloads in Namespace wait for before they are ready.
	Stores    []string
	Namespace string
}

// Image is a container image.
type Image struct {
	// Compressed is what is fetched, Unpacked what is written, in MB.
	Compressed, Unpacked float64
	// Start is how long the program needs until it can serve, in seconds.
	Start float64
}

// Chart is what a Helm release brings.
type Chart struct {
	// Pods in the order of their creation. Operated ones are made by a controller of the chart and not waited for by Helm.
	Pods []ChartPod
}

// ChartPod is one or more equal pods.
type ChartPod struct {
	Name string
	// EveryNode pods run on all machines, the others on the control plane.
	EveryNode bool
	// HostNetwork pods need no pod network.
	HostNetwork bool
	// Operated pods are made by the chart's first pod.
	Operated bool
	// Images of its containers, init containers included; Init counts the latter.
	Images []string
	Init   int
}

// image finds an image by its reference.
func (m *Model) image(reference string) (Image, error) {
	repository := repositoryOf(reference)
	best, found := "", false
	for prefix := range m.Images {
		if (repository == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(repository, prefix)) && len(prefix) > len(best) {
			best, found = prefix, true
		}
	}
	if !found {
		return Image{}, fmt.Errorf("the size of image %q is not known; give it a row in the table of images", reference)
	}
	return m.Images[best], nil
}

// repositoryOf is a reference without tag and digest.
func repositoryOf(reference string) string {
	reference, _, _ = strings.Cut(reference, "@")
	if i := strings.LastIndex(reference, ":"); i > strings.LastIndex(reference, "/") {
		reference = reference[:i]
	}
	return reference
}
