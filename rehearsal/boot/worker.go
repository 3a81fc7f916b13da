package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

const (
	// joinPoll is the pause between two attempts to join (a real worker's is five seconds).
	joinPoll = 500 * time.Millisecond
	// joinAttempt bounds one attempt, as the boot scripts do.
	joinAttempt = time.Minute
)

func (w *World) bootWorker(ctx context.Context, m Machine, node *userdata.Node, r *reporter) error {
	w.step(r, node.Name, "packages")
	programs, err := w.packages(ctx, m, node)
	if err != nil {
		return err
	}
	if node.DataDisk {
		w.step(r, node.Name, "data-disk")
		id, err := w.attached(ctx, m)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(w.volumeDir(id), 0o700); err != nil { // as a blank volume gets a file system
			return fmt.Errorf("volume %s: %w", id, err)
		}
	}
	w.step(r, node.Name, "worker")
	deadline := time.Now().Add(w.options.JoinWait)
	validated, said := false, ""
	for {
		err := w.join(ctx, m, node, programs["kubeadm"], &validated)
		if err == nil {
			w.registered(m, node.Name)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not joined within %s: %w", w.options.JoinWait, err)
		}
		if text := err.Error(); text != said {
			w.say(node.Name, "waiting: %s", text)
			said = text
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(joinPoll):
		}
	}
}

// join is one attempt. The join data is read anew each time, because its token is renewed.
func (w *World) join(ctx context.Context, m Machine, node *userdata.Node, kubeadm string, validated *bool) error {
	ctx, cancel := context.WithTimeout(ctx, joinAttempt)
	defer cancel()
	text, err := m.GetParameter(node.JoinParameter)
	if err != nil {
		return fmt.Errorf("join data could not be read: %w", err)
	}
	if !strings.Contains(text, "\nkind: Config\n") {
		return fmt.Errorf("the control plane has not published join data in %s", node.JoinParameter)
	}
	if !*validated { // kubeadm refuses a join configuration whose discovery file does not exist, so not earlier
		if err := cluster.ValidateJoin(ctx, kubeadm, node.KubeadmConfig, []byte(text), w.machineDir(m.ID)); err != nil {
			return err
		}
		*validated = true
	}
	discovery, err := clientcmd.RESTConfigFromKubeConfig([]byte(text))
	if err != nil {
		return fmt.Errorf("the join data in %s cannot be used: %w", node.JoinParameter, err)
	}
	identity, err := bootstrap(ctx, w.network.through(m, discovery), node)
	if err != nil {
		return err
	}
	return register(ctx, identity, m, node)
}
