package stacks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/cost"
	"github.com/growbin/cluster/components/validation"
)

// checkFit returns an error if the pods that the program registers request more than their nodes have. The scheduler would leave
// some of them Pending, on machines that exist by then.
func (s *Settings) checkFit(controllers []controller) error {
	sets := podSetsOf(controllers)
	nodes := make([]capacity.Node, 0, len(s.Nodes))
	for _, n := range s.Nodes {
		nodes = append(nodes, n.Capacity())
	}
	load, planErr := capacity.Plan(nodes, sets)
	var problems validation.Problems
	for _, n := range s.Nodes {
		requested, has := load[n.Name], n.Capacity().Allocatable
		if requested.MilliCPU > has.MilliCPU || requested.MemoryMiB > has.MemoryMiB {
			problems.Add("topology."+n.Name+".InstanceType", n.InstanceType, "must hold the pods of the node: they request %dm CPU and %d MiB, "+
				"and the type has %dm and %d MiB for pods. Choose a larger type in %sinstanceTypes, or fewer pods",
				requested.MilliCPU, requested.MemoryMiB, has.MilliCPU, has.MemoryMiB, ConfigPrefix)
		}
	}
	if err := problems.Err(); err != nil {
		return s.refuse("has pods that do not fit their nodes", err)
	}
	if planErr != nil {
		return planErr
	}
	if err := s.checkUpdates(nodes, sets); err != nil {
		return err
	}
	return s.checkTaken(nodes, sets)
}

// checkUpdates returns an error if a Deployment could not be updated: one more pod of it runs meanwhile.
func (s *Settings) checkUpdates(nodes []capacity.Node, sets []capacity.PodSet) error {
	var problems validation.Problems
	for i, set := range sets {
		if !set.Surges {
			continue
		}
		more := slices.Clone(sets)
		more[i].Replicas++
		if _, err := capacity.Plan(nodes, more); err != nil {
			problems.Add(set.Name, set.Replicas, "must leave room for one more pod on its nodes, during an update: %s. "+
				"Choose a larger type in %[2]sinstanceTypes, another node in %[2]smoreNodes, or fewer pods", strings.ReplaceAll(err.Error(), "\n", "; "), ConfigPrefix)
		}
	}
	return s.refuse("has pods that no update could replace", problems.Err())
}

// checkTaken returns an error if EC2 can take a spot instance whose pods the other nodes of the pool cannot run meanwhile.
func (s *Settings) checkTaken(nodes []capacity.Node, sets []capacity.PodSet) error {
	var problems validation.Problems
	for i, n := range s.Nodes {
		if !n.Spot() {
			continue
		}
		if _, err := capacity.Plan(slices.Delete(slices.Clone(nodes), i, i+1), sets); err != nil {
			problems.Add(ConfigPrefix+"buying", n.Name+"="+string(n.Buying), "must leave room for the pods of the node on the others, while EC2 has taken it: %s. "+
				"Choose larger types in %sinstanceTypes, or buy it on demand", strings.ReplaceAll(err.Error(), "\n", "; "), ConfigPrefix)
		}
	}
	return s.refuse("has spot instances that it cannot do without", problems.Err())
}

// podSetsOf returns the pods of the registered objects, and those of Calico's operator, which creates its own DaemonSet.
func podSetsOf(controllers []controller) []capacity.PodSet {
	everywhere := corev1.PodSpec{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, Containers: []corev1.Container{{
		Resources: corev1.ResourceRequirements{Requests: calico.NodeRequests()},
	}}}
	sets := []capacity.PodSet{{Name: "DaemonSet calico-node", EveryNode: true, Pod: everywhere}}
	for _, c := range controllers {
		if !c.job && !strings.HasPrefix(c.Name, chartPrefix) {
			sets = append(sets, c.PodSet)
		}
	}
	return sets
}

// mostPods returns the maximum of each autoscaler, by namespace and name of its Deployment.
func mostPods(resources []cost.Resource) (map[string]int, error) {
	most := map[string]int{}
	for _, r := range resources {
		if r.Type != "kubernetes:autoscaling/v2:HorizontalPodAutoscaler" {
			continue
		}
		var scaler autoscalingv2.HorizontalPodAutoscaler
		if err := decodeInputs(r.Inputs, &scaler); err != nil {
			return nil, fmt.Errorf("read the autoscaler of %s: %w", r.Name, err)
		}
		most[scaler.Namespace+"/"+scaler.Spec.ScaleTargetRef.Name] = int(scaler.Spec.MaxReplicas)
	}
	return most, nil
}

// replicas is the default of Kubernetes where none is set.
func replicas(given *int32) int {
	if given == nil {
		return 1
	}
	return int(*given)
}

// decodeInputs decodes an object without the values that only a deployment produces.
func decodeInputs(inputs resource.PropertyMap, object any) error {
	var known func(v resource.PropertyValue) (any, bool)
	known = func(v resource.PropertyValue) (any, bool) {
		switch {
		case v.IsComputed(), v.IsOutput():
			return nil, true
		case v.IsSecret():
			return v.SecretValue().Element.MapRepl(nil, known), true
		}
		return nil, false
	}
	text, err := json.Marshal(inputs.MapRepl(nil, known))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, object)
}
