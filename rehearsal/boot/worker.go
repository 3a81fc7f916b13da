package boot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/rehearsal/cluster"
)

const (
	// joinPoll is the pause between two attempts to join (a real worker's is five seconds).
	joinPoll = 500 * time.Millisecond
	// joinAttempt bounds one attempt, as the boot scripts do.
	joinAttempt = time.Minute
)

// worker joins the cluster. Its attempts are repeated until the control plane has published the join data.
func (a *attempt) worker(ctx context.Context) error {
	deadline := time.Now().Add(a.options.JoinWait)
	validated, logged := false, ""
	for {
		err := a.join(ctx, &validated)
		if err == nil {
			a.registered(a.machine, a.node.Name)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not joined within %s: %w", a.options.JoinWait, err)
		}
		if text := err.Error(); text != logged {
			a.log(a.node.Name, "waiting: %s", text)
			logged = text
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(joinPoll):
		}
	}
}

// join is one attempt to join. It reads the join data each time, because the token is renewed.
func (a *attempt) join(ctx context.Context, validated *bool) error {
	ctx, cancel := context.WithTimeout(ctx, joinAttempt)
	defer cancel()
	text, err := a.machine.GetParameter(a.node.JoinParameter)
	if err != nil {
		return fmt.Errorf("join data could not be read: %w", err)
	}
	if !strings.Contains(text, "\nkind: Config\n") {
		return fmt.Errorf("the control plane has not published join data in %s", a.node.JoinParameter)
	}
	if !*validated { // not earlier: kubeadm rejects a join configuration whose discovery file does not exist
		if err := cluster.ValidateJoin(ctx, a.programs["kubeadm"], a.node.KubeadmConfig, []byte(text), a.machineDir(a.machine.ID)); err != nil {
			return err
		}
		*validated = true
	}
	discovery, err := clientcmd.RESTConfigFromKubeConfig([]byte(text))
	if err != nil {
		return fmt.Errorf("the join data in %s cannot be used: %w", a.node.JoinParameter, err)
	}
	identity, err := bootstrap(ctx, a.network.through(a.machine, discovery), a.node)
	if err != nil {
		return err
	}
	return register(ctx, identity, a.machine, a.node)
}
