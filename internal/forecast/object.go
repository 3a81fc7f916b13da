package forecast

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/internal/awssim"
)

// workload is an object with pods.
type workload struct {
	name, namespace, kind string
	urn, created          string // tasks: ready, and created
	replicas              int
	pod                   corev1.PodSpec
}

// release is a Helm release.
type release struct {
	chart        string
	urn, applied string
}

// object plans one object of the cluster. What has pods holds its place in the engine until they are ready.
func (b *builder) object(r awssim.Registration, t Task) error {
	switch kind := shortType(r.Type); {
	case kind == "Release":
		chart := textOf(r.Inputs, "chart")
		if _, known := b.model.Charts[chart]; !known {
			return fmt.Errorf("the pods of chart %q are not known; give it a row in the table of charts", chart)
		}
		begin := t
		begin.ID, begin.Label, begin.Seconds, begin.HeldUntil = "apply/"+r.URN, "chart "+chart, chartFetch+chartApply, r.URN
		b.plan.add(begin)
		b.releases = append(b.releases, release{chart: chart, urn: r.URN, applied: begin.ID})
	case kind == "NodePatch":
		// It is asked for once the program has seen that its node has joined.
		machine := textOf(plain(r.Inputs["metadata"]).ObjectValue(), "name")
		if b.machines[machine] == nil {
			return fmt.Errorf("it is of node %q, which is no machine of the program", machine)
		}
		poll := b.plan.add(Task{
			ID: "seen/" + r.URN, Lane: Engine, Label: "see " + machine + " joined", Seconds: b.poll(), After: append(slices.Clone(t.After), joinedBy(machine)),
		})
		t.After, t.Seconds = append(t.After, poll), k8sCall
		b.plan.add(t)
	case slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, kind):
		w, err := parseWorkload(r, kind)
		if err != nil {
			return err
		}
		begin := t
		begin.ID, begin.Seconds, begin.HeldUntil = "create/"+r.URN, k8sCall, r.URN
		w.created = b.plan.add(begin)
		b.workloads = append(b.workloads, w)
	case kind == "Service":
		begin := t
		begin.ID, begin.Seconds, begin.HeldUntil = "create/"+r.URN, k8sCall, r.URN
		b.plan.add(begin)
		b.services = append(b.services, service{name: r.Name, urn: r.URN, created: begin.ID, awaited: awaited(r), headless: textOf(plain(r.Inputs["spec"]).ObjectValue(), "clusterIP") == "None"})
	default:
		t.Seconds = k8sCall
		b.plan.add(t)
	}
	return nil
}

// service is a Service. Pulumi waits until one of its pods is ready, unless it is told not to.
type service struct {
	name, urn, created string
	awaited, headless  bool
}

// awaited says whether Pulumi waits until the object does its work.
func awaited(r awssim.Registration) bool {
	annotations := plain(plain(r.Inputs["metadata"]).ObjectValue()["annotations"])
	return !annotations.IsObject() || textOf(annotations.ObjectValue(), "pulumi.com/skipAwait") != "true"
}

func parseWorkload(r awssim.Registration, kind string) (workload, error) {
	metadata := plain(r.Inputs["metadata"]).ObjectValue()
	w := workload{name: textOf(metadata, "name"), namespace: textOf(metadata, "namespace"), kind: kind, urn: r.URN, replicas: 1}
	if w.name == "" {
		w.name = r.Name
	}
	spec := plain(r.Inputs["spec"]).ObjectValue()
	if replicas := plain(spec["replicas"]); replicas.IsNumber() {
		w.replicas = int(replicas.NumberValue())
	}
	template := plain(spec["template"]).ObjectValue()
	text, err := json.Marshal(clear(plain(template["spec"])))
	if err != nil {
		return w, fmt.Errorf("writing the pod of %s: %w", w.name, err)
	}
	if err := json.Unmarshal(text, &w.pod); err != nil {
		return w, fmt.Errorf("reading the pod of %s: %w", w.name, err)
	}
	return w, nil
}

// clear turns a property into plain values, secrets included: nothing of it is shown.
func clear(value resource.PropertyValue) any {
	value = plain(value)
	switch {
	case value.IsObject():
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(value.ObjectValue())) {
			out[string(key)] = clear(value.ObjectValue()[key])
		}
		return out
	case value.IsArray():
		out := []any{}
		for _, item := range value.ArrayValue() {
			out = append(out, clear(item))
		}
		return out
	case value.IsString():
		return value.StringValue()
	case value.IsNumber():
		return value.NumberValue()
	case value.IsBool():
		return value.BoolValue()
	}
	return nil
}

// nodes are the machines that a workload's pods run on, by the labels that the machines set.
func (b *builder) nodes(w workload) []string {
	if w.kind == "DaemonSet" {
		return b.names
	}
	var found []string
	for _, name := range b.names {
		if b.machines[name].has(w.pod.NodeSelector) {
			found = append(found, name)
		}
	}
	return found
}

// has says whether the machine's kubelet sets these labels.
func (m *Machine) has(labels map[string]string) bool {
	for key, value := range labels {
		if m.Labels[key] != value {
			return false
		}
	}
	return true
}
