package rehearsal

import (
	"math"
	"slices"

	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/rehearsal/report"
)

// describe puts the observed cluster into the report.
func (r *Rehearsal) describe(s *verify.Snapshot) {
	r.report.KubernetesVersion = s.Version
	// A rehearsal with a drill describes twice; the second time replaces the first.
	r.report.Nodes, r.report.Pods, r.report.OtherPods = nil, nil, nil
	r.report.StatefulSets, r.report.DaemonSets, r.report.Claims = nil, nil, nil
	for _, node := range r.Design.Nodes {
		load := s.Load(node.Name)
		described := report.Node{
			Name: node.Name, Role: node.Role, Purpose: node.Purpose, Labels: map[string]string{},
			PlannedCPU: tenth(load.CPU), PlannedMemory: tenth(load.Memory),
		}
		if machine, err := r.Cloud.Machine(node.Name); err == nil {
			described.InstanceType, described.Zone, described.InstanceID = machine.InstanceType, machine.Zone, machine.ID
		}
		if node.Band != nil {
			described.Band = &report.Band{Low: node.Band.Low, High: node.Band.High}
		}
		for i := range s.Nodes {
			if s.Nodes[i].Name == node.Name {
				described.Labels = s.Nodes[i].Labels
			}
		}
		r.report.Nodes = append(r.report.Nodes, described)
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		described := report.Pod{
			Namespace: pod.Namespace, Name: pod.Name, App: s.App(pod), Node: pod.Spec.NodeName, Phase: string(pod.Status.Phase),
		}
		if slices.Contains(r.Design.Applications, described.App) {
			r.report.Pods = append(r.report.Pods, described)
		} else {
			r.report.OtherPods = append(r.report.OtherPods, described)
		}
	}
	for i := range s.StatefulSets {
		set := &s.StatefulSets[i]
		wanted := int32(1)
		if set.Spec.Replicas != nil {
			wanted = *set.Spec.Replicas
		}
		r.report.StatefulSets = append(r.report.StatefulSets, report.Controller{Namespace: set.Namespace, Name: set.Name, Ready: set.Status.ReadyReplicas, Wanted: wanted})
	}
	for i := range s.DaemonSets {
		set := &s.DaemonSets[i]
		r.report.DaemonSets = append(r.report.DaemonSets, report.Controller{Namespace: set.Namespace, Name: set.Name, Ready: set.Status.NumberReady, Wanted: set.Status.DesiredNumberScheduled})
	}
	for i := range s.Claims {
		claim := &s.Claims[i]
		r.report.Claims = append(r.report.Claims, report.Claim{Namespace: claim.Namespace, Name: claim.Name, Phase: string(claim.Status.Phase), Volume: claim.Spec.VolumeName})
	}
}

func tenth(percent float64) float64 { return math.Round(percent*10) / 10 }

// provenance lists which parts of the rehearsal were real and which simulated.
func (r *Rehearsal) provenance() {
	if r.kubernetes != nil {
		for _, item := range r.kubernetes.NotInstalled() {
			r.report.NotInstalledHere = append(r.report.NotInstalledHere, report.NotInstalled(item))
		}
	}
	if r.Engine != nil {
		r.report.Real = append(r.report.Real, "Pulumi engine "+r.Engine.Version)
	}
	r.report.Real = append(r.report.Real,
		"Kubernetes control plane "+r.report.KubernetesVersion+": kubeadm, etcd, API server, controller manager, scheduler",
		"the user data of every instance, parsed as cloud-init would")
	r.report.Simulated = append(r.report.Simulated,
		"AWS: a strict model in memory; nothing was created in any account",
		"kubelets and containers (kwok): no image was pulled, no program of a pod ran",
		"Calico's operator: its kinds Installation and ImageSet are defined, without schemas")
	r.pluginProvenance()
}
