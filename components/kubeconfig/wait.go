package kubeconfig

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/validation"
)

// progressEvery is the interval of progress messages.
const progressEvery = 15 * time.Second

// waiter polls SSM parameters.
type waiter struct {
	ctx         *pulumi.Context
	owner       pulumi.Resource
	timeout     time.Duration
	interval    time.Duration
	failedGrace time.Duration
}

func newWaiter(ctx *pulumi.Context, owner pulumi.Resource, args *KubeconfigArgs) waiter {
	w := waiter{ctx: ctx, owner: owner, timeout: args.Timeout, interval: args.PollInterval, failedGrace: args.FailedGrace}
	w.timeout = cmp.Or(w.timeout, DefaultTimeout)
	w.interval = cmp.Or(w.interval, DefaultPollInterval)
	w.failedGrace = cmp.Or(w.failedGrace, DefaultFailedGrace)
	return w
}

// kubeconfig returns the kubeconfig that the instance published. A preview reads once; ready is false if none was there.
func (w waiter) kubeconfig(parameter, instanceID string) (config string, ready bool, err error) {
	ready, err = w.until("the control plane's kubeconfig", parameter, func(value string) (bool, string, error) {
		var message kubeadm.KubeconfigMessage
		if json.Unmarshal([]byte(value), &message) != nil || message.InstanceID != instanceID {
			return false, "not published yet", nil
		}
		config = message.Kubeconfig
		return true, "", nil
	})
	return config, ready, err
}

// joined waits for the instance to report that it has joined. Bootstrap is retried on the instance, so a failure is final
// only after the grace period.
func (w waiter) joined(parameter, node, instanceID string) (bool, error) {
	var failedSince time.Time
	return w.until("node "+node, parameter, func(value string) (bool, string, error) {
		var message kubeadm.StatusMessage
		if json.Unmarshal([]byte(value), &message) != nil || message.InstanceID != instanceID {
			return false, "no report yet", nil
		}
		if message.Phase == kubeadm.PhaseReady {
			return true, "", nil
		}
		// A machine may report anything.
		step, reason := validation.Printable(message.Step), validation.Printable(message.Reason)
		if message.Phase != kubeadm.PhaseFailed {
			failedSince = time.Time{}
			state := validation.Printable(message.Phase) + ", step " + step
			if reason != "" {
				state += " (" + reason + ")"
			}
			return false, state, nil
		}
		if failedSince.IsZero() {
			failedSince = time.Now()
		}
		failure := fmt.Sprintf("bootstrap failed at step %s: %s", step, reason)
		if time.Since(failedSince) >= w.failedGrace {
			return false, failure, errors.New(failure)
		}
		return false, failure, nil
	})
}

// until polls a parameter until done returns true or an error, or the timeout is reached.
func (w waiter) until(subject, parameter string, done func(value string) (ok bool, state string, err error)) (bool, error) {
	start := time.Now()
	lastMessage := start
	for {
		state := ""
		value, err := Parameter(w.ctx, parameter, pulumi.Parent(w.owner))
		if err == nil {
			var ok bool
			if ok, state, err = done(value); ok || err != nil {
				return ok, err
			}
		} else {
			state = err.Error() // e.g. throttling, which is retried; the last error is reported below
		}
		if w.ctx.DryRun() {
			if err != nil && strings.Contains(err.Error(), "AccessDenied") { // it will not be known later
				return false, fmt.Errorf("read SSM parameter %s: %w", parameter, err)
			}
			return false, nil
		}
		waited := time.Since(start)
		if waited+w.interval > w.timeout {
			return false, fmt.Errorf("timed out after %s: %s (SSM parameter %s; see the console log of the instance)",
				w.timeout, state, parameter)
		}
		if time.Since(lastMessage) >= progressEvery {
			lastMessage = time.Now()
			message := fmt.Sprintf("waiting for %s: %s, %s of at most %s", subject, state, waited.Round(time.Second), w.timeout)
			_ = w.ctx.Log.Info(message, &pulumi.LogArgs{Resource: w.owner, Ephemeral: true})
		}
		select {
		case <-w.ctx.Context().Done():
			return false, w.ctx.Context().Err()
		case <-time.After(w.interval):
		}
	}
}
