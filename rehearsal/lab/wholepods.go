package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (w *whole) checkNodes(ctx context.Context) error {
	if err := w.connect(); err != nil {
		return err
	}
	for _, node := range w.settings.Nodes {
		if err := poll(ctx, recoveryTimeout, func(ctx context.Context) error { return w.checkNode(ctx, w.client, node.Name) }); err != nil {
			return err
		}
	}
	return w.readURLs(ctx)
}

// pods returns all pods, without those that have ended and those of Jobs, which come and go.
func (w *whole) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := w.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool {
		owner := metav1.GetControllerOf(&p)
		return p.Status.Phase == corev1.PodSucceeded || p.DeletionTimestamp != nil || owner != nil && owner.Kind == "Job"
	}), nil
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// podCounts says how many pods are Ready, and why the first others are not. It is empty while there is no API server.
func (w *whole) podCounts(ctx context.Context) string {
	controlPlane, err := w.fleet.get(w.controlPlaneName())
	if err != nil {
		return ""
	}
	client, err := w.newClient(controlPlane)
	if err != nil {
		return ""
	}
	pods, err := (&whole{client: client}).pods(ctx)
	if err != nil {
		return ""
	}
	var waiting []string
	for i := range pods {
		if !podReady(&pods[i]) {
			waiting = append(waiting, pods[i].Name+" "+reason(&pods[i]))
		}
	}
	text := fmt.Sprintf("%d of %d pods are Ready", len(pods)-len(waiting), len(pods))
	if len(waiting) > 0 {
		const shown, length = 3, 240
		list := strings.Join(waiting[:min(shown, len(waiting))], ", ")
		text += ", not yet " + list[:min(length, len(list))] + "…"
	}
	return text
}

// reason says why a pod is not Ready.
func reason(pod *corev1.Pod) string {
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			return strings.TrimSpace(c.State.Waiting.Reason + " " + c.State.Waiting.Message)
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			return fmt.Sprintf("%s ended with %d (%s)", c.Name, c.State.Terminated.ExitCode, c.State.Terminated.Reason)
		}
	}
	return string(pod.Status.Phase)
}

// checkPods checks that every pod is Ready on a node of its own row, and that the applications have their number.
func (w *whole) checkPods(ctx context.Context) error {
	return poll(ctx, objectPatience, func(ctx context.Context) error {
		pods, err := w.pods(ctx)
		if err != nil {
			return err
		}
		ready := map[string]int{}
		var problems []error
		for i := range pods {
			pod := &pods[i]
			if !podReady(pod) {
				problems = append(problems, fmt.Errorf("pod %s/%s on node %s: %s", pod.Namespace, pod.Name, pod.Spec.NodeName, reason(pod)))
				continue
			}
			ready[pod.Labels["app.kubernetes.io/name"]+" "+pod.Spec.NodeName]++
		}
		for _, a := range w.settings.Applications() {
			if got := ready[a.Name+" "+a.Node]; got != a.Replicas {
				problems = append(problems, fmt.Errorf("application %s: %d of %d pods are Ready on node %s", a.Name, got, a.Replicas, a.Node))
			}
		}
		return errors.Join(problems...)
	})
}

// troubles names nodes that are not Ready, and pods that are not or have restarted, with the end of their logs.
func (w *whole) troubles(ctx context.Context) (lines []string) {
	w.fleet.mu.Lock()
	for name, i := range w.fleet.instances {
		if status, err := i.status(); err != nil || status.Phase != "Ready" {
			lines = append(lines, fmt.Sprintf("node %s: %s at step %q %s; its console: %s", name, status.Phase, status.Step, status.Reason, i.Console))
		}
	}
	w.fleet.mu.Unlock()
	if w.client == nil {
		controlPlane, err := w.fleet.get(w.controlPlaneName())
		if err != nil {
			return lines
		}
		if w.client, err = w.newClient(controlPlane); err != nil {
			return append(lines, err.Error())
		}
	}
	pods, err := w.pods(ctx)
	if err != nil {
		return append(lines, err.Error())
	}
	for i := range pods {
		pod := &pods[i]
		for _, c := range pod.Status.ContainerStatuses {
			if podReady(pod) && c.RestartCount == 0 {
				continue
			}
			lines = append(lines, fmt.Sprintf("pod %s/%s on node %s, container %s: %s, %d restarts", pod.Namespace, pod.Name, pod.Spec.NodeName, c.Name, reason(pod), c.RestartCount))
			lines = append(lines, w.tail(ctx, pod, c.Name, c.RestartCount > 0)...)
		}
		if len(pod.Status.ContainerStatuses) == 0 {
			lines = append(lines, fmt.Sprintf("pod %s/%s on node %q: %s", pod.Namespace, pod.Name, pod.Spec.NodeName, reason(pod)))
		}
	}
	return lines
}

// tail returns the last lines of a container's log; previous is that of the container before the last restart.
func (w *whole) tail(ctx context.Context, pod *corev1.Pod, container string, previous bool) (lines []string) {
	const count = 12
	last := int64(count)
	text, err := w.client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container, TailLines: &last, Previous: previous}).DoRaw(ctx)
	if err != nil {
		return []string{"  log: " + err.Error()}
	}
	for line := range strings.Lines(string(text)) {
		lines = append(lines, "  log: "+strings.TrimRight(line, "\n"))
	}
	return lines
}

// usage is the memory of a container, in bytes, and its CPU in thousandths of one.
type usage struct {
	pod, container         string
	memory, request, limit int64
	cpu, cpuRequest        int64
}

// checkUsage prints memory and CPU of every container, and fails if one has no figures or was killed at its limit.
func (w *whole) checkUsage(ctx context.Context) error {
	pods, err := w.pods(ctx)
	if err != nil {
		return err
	}
	usages := map[string]*usage{}
	var problems []error
	for i := range pods {
		for _, c := range pods[i].Spec.Containers {
			usages[pods[i].Namespace+"/"+pods[i].Name+"/"+c.Name] = &usage{
				pod: pods[i].Name, container: c.Name, request: c.Resources.Requests.Memory().Value(), limit: c.Resources.Limits.Memory().Value(),
				cpuRequest: c.Resources.Requests.Cpu().MilliValue(),
			}
		}
		for _, c := range pods[i].Status.ContainerStatuses {
			if t := c.LastTerminationState.Terminated; t != nil && t.Reason == "OOMKilled" {
				problems = append(problems, fmt.Errorf("pod %s on node %s: container %s was killed at its memory limit", pods[i].Name, pods[i].Spec.NodeName, c.Name))
			}
		}
	}
	for _, node := range w.settings.Nodes {
		if err := w.readUsage(ctx, node.Name, usages); err != nil {
			problems = append(problems, err)
		}
	}
	for name, u := range usages {
		if u.memory == 0 {
			problems = append(problems, fmt.Errorf("container %s: kubelet has no figures", name))
		}
	}
	w.printUsage(usages)
	return errors.Join(problems...)
}

// readUsage reads the statistics of a node's kubelet.
func (w *whole) readUsage(ctx context.Context, node string, usages map[string]*usage) error {
	text, err := w.client.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix("stats/summary").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("node %s: reading the statistics of its kubelet: %w", node, err)
	}
	var summary struct {
		Pods []struct {
			PodRef     struct{ Name, Namespace string }
			Containers []struct {
				Name   string
				Memory struct{ WorkingSetBytes int64 }
				CPU    struct{ UsageNanoCores int64 }
			}
		}
	}
	if err := json.Unmarshal(text, &summary); err != nil {
		return fmt.Errorf("node %s: reading the statistics of its kubelet: %w", node, err)
	}
	for _, pod := range summary.Pods {
		for _, c := range pod.Containers {
			if u := usages[pod.PodRef.Namespace+"/"+pod.PodRef.Name+"/"+c.Name]; u != nil {
				u.memory, u.cpu = c.Memory.WorkingSetBytes, c.CPU.UsageNanoCores/1e6
			}
		}
	}
	return nil
}

// printUsage prints a line per container that has a request, the fullest first.
func (w *whole) printUsage(usages map[string]*usage) {
	var list []*usage
	for _, u := range usages {
		if u.request > 0 && u.memory > 0 {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b *usage) int {
		return cmp.Or(cmp.Compare(b.memory*1000/b.request, a.memory*1000/a.request), cmp.Compare(a.pod, b.pod))
	})
	w.printf("%-42s %-18s %8s %8s %8s %8s %8s", "POD", "CONTAINER", "MiB", "REQUEST", "LIMIT", "CPU m", "REQUEST")
	for _, u := range list {
		w.printf("%-42s %-18s %8d %8d %8d %8d %8d", u.pod, u.container, u.memory>>20, u.request>>20, u.limit>>20, u.cpu, u.cpuRequest)
	}
}

// exception is the line that ends a traceback of Python, e.g. "redis.exceptions.ConnectionError: Error -3 connecting to …".
var exception = regexp.MustCompile(`(?m)^[\w.]+(Error|Exception|Timeout)\w*: .*`)

// exceptions returns the errors that the logs of the APIs hold since a time: the cause of their answers with a status of 500.
func (w *whole) exceptions(ctx context.Context, since time.Time) (lines []string) {
	pods, err := w.client.CoreV1().Pods("growbin").List(ctx, metav1.ListOptions{})
	if err != nil {
		return []string{"the logs of the APIs: " + err.Error()}
	}
	from := metav1.NewTime(since)
	for _, pod := range pods.Items {
		name := pod.Labels["app.kubernetes.io/name"]
		if !strings.HasSuffix(name, "-api") {
			continue
		}
		log, err := w.client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{SinceTime: &from}).DoRaw(ctx)
		if err != nil {
			lines = append(lines, fmt.Sprintf("the log of pod %s: %v", pod.Name, err))
		}
		for _, found := range exception.FindAllString(string(log), 3) {
			lines = append(lines, fmt.Sprintf("pod %s: %s", pod.Name, found))
		}
	}
	return lines
}

// awaitLog waits until the log of one of an application's pods has a text.
func (w *whole) awaitLog(ctx context.Context, application, text string) error {
	return poll(ctx, 2*time.Minute, func(ctx context.Context) error {
		pods, err := w.client.CoreV1().Pods("growbin").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + application})
		if err != nil {
			return err
		}
		for _, pod := range pods.Items {
			log, err := w.client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{}).DoRaw(ctx)
			if err != nil {
				return err
			}
			if strings.Contains(string(log), text) {
				return nil
			}
		}
		return fmt.Errorf("no log of %d pods of %s has %q", len(pods.Items), application, text)
	})
}
