package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/np-guard/netpol-analyzer/pkg/netpol/eval"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// dialSource prints those of its arguments to which it connects.
const dialSource = `package main

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

func main() {
	var group sync.WaitGroup
	for _, address := range os.Args[1:] {
		group.Go(func() {
			if connection, err := net.DialTimeout("tcp", address, 2*time.Second); err == nil {
				connection.Close()
				fmt.Println(address)
			}
		})
	}
	group.Wait()
}
`

// dialPath is the program on a host.
const dialPath = "/opt/lab-dial"

// policyAttempts is how often all pairs are tried until they are as they must be.
const policyAttempts = 3

// checkPolicies starts the engine, and tries every pair of a pod and a port. What connects must be what an independent engine says.
func (w *whole) checkPolicies(ctx context.Context) error {
	if err := w.startPolicyEngine(ctx); err != nil {
		return err
	}
	if err := poll(ctx, objectPatience, w.requirePolicyEngine); err != nil {
		return err
	}
	pods, err := w.pods(ctx)
	if err != nil {
		return err
	}
	pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool { return p.Spec.HostNetwork })
	live, err := w.livePolicies(ctx, pods)
	if err != nil {
		return err
	}
	targets, err := w.openPorts(ctx, pods)
	if err != nil {
		return err
	}
	var problems []error
	for range policyAttempts { // kube-router writes its rules within a moment
		if problems, err = w.tryPairs(ctx, live, pods, targets); err != nil || len(problems) == 0 {
			break
		}
	}
	w.printf("%d pods tried to connect to %d ports each", len(pods), len(targets))
	const shown = 12
	if len(problems) > shown {
		problems = append(problems[:shown], fmt.Errorf("and %d more", len(problems)-shown))
	}
	return errors.Join(append(problems, err)...)
}

// applicationLabel tells the pods of one policy from others.
const applicationLabel = "app.kubernetes.io/name"

// target is an address and port, and its name for the engine: that of a pod, or the address. A pod has the name of its application.
type target struct{ name, host, port, application string }

func address(host, port string) target { return target{host, host, port, ""} }

func (t target) address() string { return net.JoinHostPort(t.host, t.port) }

// policies are the live ones, in an independent engine.
type policies struct {
	engine *eval.PolicyEngine
	// namespaces are those with a policy.
	namespaces map[string]bool
}

func (w *whole) livePolicies(ctx context.Context, pods []corev1.Pod) (*policies, error) {
	p := &policies{engine: eval.NewPolicyEngine(), namespaces: map[string]bool{}}
	namespaces, err := w.client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	list, err := w.client.NetworkingV1().NetworkPolicies("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	if len(list.Items) == 0 {
		return nil, errors.New("the stack has no NetworkPolicy")
	}
	var problems []error
	for i := range namespaces.Items {
		problems = append(problems, p.engine.UpsertObject(&namespaces.Items[i]))
	}
	for i := range list.Items {
		p.namespaces[list.Items[i].Namespace] = true
		problems = append(problems, p.engine.UpsertObject(&list.Items[i]))
	}
	for i := range pods {
		problems = append(problems, p.engine.UpsertObject(&pods[i]))
	}
	return p, errors.Join(problems...)
}

// openPorts returns the ports that the pods' own nodes reach, since a node always reaches its pods; and ports of machines and of
// the internet, which the lab serves.
func (w *whole) openPorts(ctx context.Context, pods []corev1.Pod) ([]target, error) {
	var targets []target
	for i := range pods {
		var candidates []target
		for _, c := range pods[i].Spec.Containers {
			for _, port := range c.Ports {
				if port.Protocol == corev1.ProtocolTCP {
					candidates = append(candidates, target{podName(&pods[i]), pods[i].Status.PodIP, strconv.Itoa(int(port.ContainerPort)), pods[i].Labels[applicationLabel]})
				}
			}
		}
		open, err := w.dial(ctx, pods[i].Spec.NodeName, "", candidates)
		if err != nil {
			return nil, err
		}
		targets = append(targets, open...)
	}
	for _, node := range w.settings.Nodes {
		host, err := w.fleet.get(node.Name)
		if err != nil {
			return nil, err
		}
		own := []target{address(host.ec2.PrivateIP, "10250")}
		if node.Name == w.controlPlaneName() {
			own = append(own, address(host.ec2.PrivateIP, "6443"), address(host.ec2.PrivateIP, "2379"),
				address(openAIHost, internetPort), address(metadataAddress, "80"))
		}
		open, err := w.dial(ctx, node.Name, "", own)
		if err != nil {
			return nil, err
		}
		targets = append(targets, open...)
	}
	return targets, nil
}

// tryPairs connects from each pod to each target, on all nodes at once, and returns each difference from the engine's answer.
func (w *whole) tryPairs(ctx context.Context, live *policies, pods []corev1.Pod, targets []target) (problems []error, err error) {
	connects := make([][]target, len(pods))
	group, within := errgroup.WithContext(ctx)
	for _, node := range w.settings.Nodes {
		group.Go(func() error {
			namespaces, err := w.podNamespaces(within, node.Name)
			if err != nil {
				return err
			}
			for i := range pods {
				if pods[i].Spec.NodeName != node.Name {
					continue
				}
				namespace := namespaces[pods[i].Status.PodIP]
				if namespace == "" {
					return fmt.Errorf("pod %s: no network namespace on node %s has address %s", podName(&pods[i]), node.Name, pods[i].Status.PodIP)
				}
				if connects[i], err = w.dial(within, node.Name, namespace, targets); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i := range pods {
		node, err := w.fleet.get(pods[i].Spec.NodeName)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			if t.host == pods[i].Status.PodIP || t.host == node.ec2.PrivateIP {
				continue // itself, and its own node: whether a policy stands before that is the implementation's choice
			}
			got := slices.Contains(connects[i], t)
			want, err := live.expected(&pods[i], t, got)
			if err != nil {
				return nil, err
			}
			if got != want {
				problems = append(problems, fmt.Errorf("pod %s on node %s to %s port %s: connects is %v, must be %v",
					podName(&pods[i]), pods[i].Spec.NodeName, t.name, t.port, got, want))
			}
		}
	}
	return problems, nil
}

// expected is the engine's answer. Beside it, a rule for the addresses of the pod network admits pods by their address: those of
// namespaces without policies, whose egress is free; and with kube-router also those that the same policy selects, since it takes
// the rule for ingress as one for egress.
func (p *policies) expected(source *corev1.Pod, t target, got bool) (bool, error) {
	allowed, err := p.engine.CheckIfAllowed(podName(source), t.name, "TCP", t.port)
	if err != nil || allowed {
		return allowed, err
	}
	samePolicy := got && t.application != "" && t.application == source.Labels[applicationLabel]
	if p.namespaces[source.Namespace] && !samePolicy {
		return false, nil
	}
	return p.engine.CheckIfAllowed(source.Status.PodIP, t.name, "TCP", t.port)
}

func podName(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }

// podNamespaces returns the network namespaces of a node's pods by the pods' addresses.
func (w *whole) podNamespaces(ctx context.Context, node string) (map[string]string, error) {
	host, err := w.fleet.get(node)
	if err != nil {
		return nil, err
	}
	list, err := host.Run(ctx, "sh", "-c", `for n in $(ls /run/netns); do echo "$n $(ip -n "$n" -4 -o address show dev eth0 2>/dev/null)"; done`)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) > 4 { // the namespace, the number and name of the device, "inet", the address
			address, _, _ := strings.Cut(fields[4], "/")
			found[address] = fields[0]
		}
	}
	return found, nil
}

// dial returns the targets to which a host connects, or one of its network namespaces.
func (w *whole) dial(ctx context.Context, node, namespace string, targets []target) ([]target, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	host, err := w.fleet.get(node)
	if err != nil {
		return nil, err
	}
	if path := filepath.Join(host.Root, dialPath); !exists(path) {
		program, err := w.compile(ctx, "dial", dialSource)
		if err != nil {
			return nil, err
		}
		if err := (Override{Files: []rootfs.File{rootfs.Program(dialPath, program)}}).apply(host.Root); err != nil {
			return nil, err
		}
	}
	command := []string{dialPath}
	if namespace != "" {
		command = []string{"ip", "netns", "exec", namespace, dialPath}
	}
	for _, t := range targets {
		command = append(command, t.address())
	}
	output, err := host.Run(ctx, command...)
	if err != nil {
		return nil, err
	}
	answered := strings.Fields(output)
	return slices.DeleteFunc(slices.Clone(targets), func(t target) bool { return !slices.Contains(answered, t.address()) }), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
