package boot

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal/cluster"
)

// silence stops the heartbeats of every node whose machine does not run: kwok stops simulating its kubelet, its lease
// expires, and the real controller manager marks it NotReady. If there is no control plane, the next one does it at its
// start.
func (w *World) silence(ctx context.Context) error {
	running := w.Cluster()
	if running == nil {
		return nil
	}
	err := silenceNodes(ctx, running, w.alive())
	if err != nil && w.Cluster() != running { // it was stopped meanwhile: the next control plane does it
		return nil
	}
	return err
}

func silenceNodes(ctx context.Context, running *cluster.Cluster, alive map[string]bool) error {
	client, err := kubernetes.NewForConfig(running.Admin())
	if err != nil {
		return fmt.Errorf("making a client for the API server: %w", err)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:null}}}`, cluster.FakeNodeLabel)
	for _, node := range nodes.Items {
		if alive[node.Name] || node.Labels[cluster.FakeNodeLabel] == "" {
			continue
		}
		if _, err := client.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("stop the heartbeats of node %s: %w", node.Name, err)
		}
	}
	return nil
}
