package boot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/growbin/cluster/rehearsal/cluster"
)

const (
	// joinPoll is the pause between two attempts to join (a real worker's is five seconds).
	joinPoll = 500 * time.Millisecond
	// joinAttempt bounds one attempt, as the boot scripts do.
	joinAttempt = time.Minute
)

// errUnanswered is completed by the name of the parameter.
var errUnanswered = errors.New("the control plane has not answered the request in")

// worker joins the cluster. Its attempts are repeated until the control plane has published the join data.
func (a *attempt) worker(ctx context.Context) error {
	deadline := time.Now().Add(a.options.JoinWait)
	validated, logged := false, ""
	var failure error // of the last attempt that had an answer: the next one only waits for another
	for {
		err := a.join(ctx, &validated)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errUnanswered) {
			failure = err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not joined within %s: %w", a.options.JoinWait, cmp.Or(failure, err))
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

// join is one attempt to join. It asks for a certificate, and goes on once the control plane has answered.
func (a *attempt) join(ctx context.Context, validated *bool) (err error) {
	ctx, cancel := context.WithTimeout(ctx, joinAttempt)
	defer cancel()
	if a.joining == nil {
		if a.joining, err = newJoining(a.machine.ID, a.node.Name); err != nil {
			return err
		}
	}
	text, err := a.machine.GetParameter(a.node.JoinParameter)
	if err != nil {
		return fmt.Errorf("%s could not be read: %w", a.node.JoinParameter, err)
	}
	identity := a.joining.answered(text)
	if identity == nil {
		if text != a.joining.value {
			if err := a.put(a.node.JoinParameter, []byte(a.joining.value)); err != nil {
				return err
			}
		}
		return fmt.Errorf("%w %s", errUnanswered, a.node.JoinParameter)
	}
	if !*validated { // not earlier: kubeadm rejects a join configuration whose discovery file does not exist
		if err := cluster.ValidateJoin(ctx, a.programs["kubeadm"], a.node.KubeadmConfig, []byte(text), a.machineDir(a.machine.ID)); err != nil {
			return err
		}
		*validated = true
	}
	lasting, err := bootstrap(ctx, a.network.through(a.machine, identity), a.node)
	if err != nil {
		a.joining = nil // the answer may have expired: the next attempt asks anew
		return err
	}
	if err := a.saveIdentity(lasting); err != nil {
		return err
	}
	if err := a.enroll(ctx, lasting); err != nil {
		return err
	}
	return a.succeed(ctx, lasting)
}
