package roll

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Remove drains a node and deletes its Node object, before its instance is deleted: Kubernetes would otherwise wait for its
// kubelet forever, and keep the pods that DaemonSets have on it. A node that does not report is not drained, since no pod on it
// would ever terminate. Of the options it uses the timeouts and Logf.
func Remove(ctx context.Context, client kubernetes.Interface, name string, o Options) error {
	o.Connect = func(context.Context) (kubernetes.Interface, error) { return client, nil }
	r := newRoller(o)
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read node %s: %w", name, err)
	}
	if ready, why := isReady(node); ready {
		r.Logf("%s: draining, since it is no longer in the program", name)
		if err := cordon(ctx, client, name, true); err != nil {
			return err
		}
		// A rollout and a drain at the same time take a pod each: no disruption budget limits a rollout.
		if err := r.rolledOut(ctx); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			r.Logf("%s: drained all the same: %v", name, err)
		}
		if err := r.drain(ctx, client, name, false); err != nil {
			return err
		}
	} else {
		r.Logf("%s: not drained: %s", name, why)
	}
	return remove(ctx, client, name)
}
