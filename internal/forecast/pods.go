package forecast

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// pods plans what runs in the cluster once all else is planned.
func (b *builder) pods() error {
	for _, pod := range b.model.System {
		for _, machine := range b.placed(pod) {
			if _, err := b.chartPod("system", pod, machine, joinedBy(machine)); err != nil {
				return err
			}
		}
	}
	for _, r := range b.releases {
		if err := b.release(r); err != nil {
			return fmt.Errorf("chart %s: %w", r.chart, err)
		}
	}
	for _, w := range b.workloads {
		if err := b.workload(w); err != nil {
			return fmt.Errorf("%s %s: %w", w.kind, w.name, err)
		}
	}
	for _, s := range b.services {
		after := []string{s.created}
		for _, w := range b.workloads {
			if w.name == s.name && (s.awaited || b.options.ServicesWaited && !s.headless) {
				after = append(after, w.urn)
			}
		}
		b.plan.add(Task{ID: s.urn, Lane: Engine, Label: "Service " + s.name + " has a pod", After: after})
	}
	return nil
}

func (b *builder) placed(pod ChartPod) []string {
	if pod.EveryNode {
		return b.names
	}
	return []string{b.controlPlane}
}

// release ends for Pulumi when the pods that Helm knows of run.
func (b *builder) release(r release) error {
	before := r.applied
	ready := []string{r.applied}
	for _, pod := range b.model.Charts[r.chart].Pods {
		if pod.Operated {
			before = b.operator(r.chart)
		}
		for _, machine := range b.placed(pod) {
			running, err := b.chartPod(r.chart, pod, machine, before)
			if err != nil {
				return err
			}
			if !pod.Operated {
				ready = append(ready, running)
			}
			if r.chart == b.model.NetworkChart && pod.Name == b.model.NetworkPod {
				b.network(machine, running)
			}
		}
	}
	b.plan.add(Task{ID: r.urn, Lane: Engine, Label: "chart " + r.chart + " runs", Seconds: k8sCall, After: ready})
	return nil
}

// operator is the turn of a chart's first pod until it has made the others.
func (b *builder) operator(chart string) string {
	id := "operator/" + chart
	if !slices.ContainsFunc(b.plan.Tasks, func(t Task) bool { return t.ID == id }) {
		first := b.model.Charts[chart].Pods[0]
		b.plan.add(Task{ID: id, Lane: b.controlPlane, Label: first.Name + " reconciles", Seconds: operatorTurn, After: []string{runningOf(chart, first.Name, b.controlPlane)}})
	}
	return id
}

// network makes a node ready.
func (b *builder) network(machine, running string) {
	b.plan.add(Task{ID: networkOf(machine), Lane: machine, Label: "node ready", Seconds: networkNoticed + nodeReadyToPods, After: []string{running}})
}

func runningOf(owner, pod, machine string) string { return "run/" + owner + "/" + pod + "/" + machine }

func (b *builder) chartPod(owner string, pod ChartPod, machine, after string) (string, error) {
	before := []string{after, joinedBy(machine)}
	if !pod.HostNetwork {
		before = append(before, networkOf(machine))
	}
	pulls, err := b.pulls(machine, pod.Images, before)
	if err != nil {
		return "", err
	}
	return b.plan.add(Task{
		ID: runningOf(owner, pod.Name, machine), Lane: machine, Label: pod.Name, Goal: true,
		Seconds: podStart + float64(pod.Init)*initContainer, After: append(before, pulls...),
	}), nil
}

// pulls are the pulls that a pod waits for. An image is fetched once per machine, when it is first asked for.
func (b *builder) pulls(machine string, images, after []string) ([]string, error) {
	var ids []string
	for _, reference := range images {
		if _, err := b.model.image(reference); err != nil {
			return nil, err
		}
		b.pull(machine, reference, after...)
		ids = append(ids, pullOf(machine, repositoryOf(reference)))
	}
	return ids, nil
}

// baked says whether the prebuilt machine image holds the image.
func (b *builder) baked(reference string) bool {
	if !b.options.Prebuilt {
		return false
	}
	held := append(slices.Clone(b.model.ControlPlaneImages), b.model.MachineImages...)
	return slices.ContainsFunc(held, func(image string) bool { return repositoryOf(image) == repositoryOf(reference) })
}

// pull plans the pull of an image on a machine, unless it is planned. What a prebuilt machine has it only reads.
func (b *builder) pull(machine, reference string, after ...string) {
	repository := repositoryOf(reference)
	id := pullOf(machine, repository)
	if b.pulled[id] {
		return
	}
	b.pulled[id] = true
	image, err := b.model.image(reference)
	if err != nil {
		b.problems = append(b.problems, err)
		return
	}
	if b.baked(reference) {
		b.plan.add(Task{ID: id, Lane: machine, Label: "first read of " + repository, Uses: volumeOf(machine), After: after, Seconds: image.Unpacked / warmRate})
		return
	}
	b.plan.add(Task{
		ID: id, Lane: machine, Label: "pull " + repository, Uses: linkOf(machine), After: after,
		Seconds: pullLatency + image.Compressed/download + image.Unpacked/unpackRate,
	})
}

// workload plans the pods of an object: running when their images are there, ready when their program answers its probe.
func (b *builder) workload(w workload) error {
	machines := b.nodes(w)
	if len(machines) == 0 {
		return fmt.Errorf("no machine has the labels %v", w.pod.NodeSelector)
	}
	ready := []string{w.created}
	for _, machine := range machines {
		before := []string{w.created, joinedBy(machine)}
		if !w.pod.HostNetwork {
			before = append(before, networkOf(machine))
		}
		pulls, err := b.pulls(machine, imagesOf(w.pod), before)
		if err != nil {
			return err
		}
		span := podStart + float64(len(w.pod.InitContainers))*initContainer
		// Containers of several pods on one machine start side by side; each adds a little.
		span += float64(max(w.replicas, 1)-1) * extraPod
		running := b.plan.add(Task{
			ID: runningOf(w.namespace, w.name, machine), Lane: machine, Label: w.name, Goal: true, Seconds: span, After: append(before, pulls...),
		})
		answer, err := b.answer(w)
		if err != nil {
			return err
		}
		after := append([]string{running}, b.stores(w)...)
		ready = append(ready, b.plan.add(Task{
			ID: "answer/" + running, Lane: machine, Label: w.name + " ready", Seconds: answer, After: after,
		}))
	}
	b.plan.add(Task{ID: w.urn, Lane: Engine, Label: w.kind + " " + w.name + " ready", Seconds: k8sCall, After: ready})
	return nil
}

// stores are what an application waits for before it is ready.
func (b *builder) stores(w workload) []string {
	if w.namespace != b.model.Namespace {
		return nil
	}
	var out []string
	for _, other := range b.workloads {
		if slices.Contains(b.model.Stores, other.name) {
			out = append(out, other.urn)
		}
	}
	return out
}

// answer is how long the slowest container needs from its start until a probe has seen it ready: its program's start, then
// on average half a period of the probe that gates it.
func (b *builder) answer(w workload) (float64, error) {
	slowest := 0.0
	for _, container := range w.pod.Containers {
		image, err := b.model.image(container.Image)
		if err != nil {
			return 0, err
		}
		span := image.Start
		for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe} {
			if probe != nil {
				span += float64(probe.InitialDelaySeconds) + pollAverage*float64(cmp.Or(probe.PeriodSeconds, 10))
				break // once the first has passed, the next is asked at once
			}
		}
		slowest = max(slowest, span)
	}
	return slowest, nil
}

func imagesOf(pod corev1.PodSpec) []string {
	var images []string
	for _, container := range append(slices.Clone(pod.InitContainers), pod.Containers...) {
		if !slices.Contains(images, container.Image) {
			images = append(images, container.Image)
		}
	}
	return images
}
