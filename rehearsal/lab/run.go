package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/kubeadm"
)

// bootLimit bounds how long a machine may take to be ready on a busy machine with two processors.
const bootLimit = 6 * time.Minute

// check is one thing that must hold, or one fault that must be survived.
type check struct {
	name string
	run  func(context.Context) error
}

// run is the state of the checks: what they hand to each other.
type run struct {
	*Lab
	control, worker *Machine
	client          kubernetes.Interface
	// wholeControl and wholeWorker are what the machines are after an undisturbed boot.
	wholeControl, wholeWorker fingerprint
}

// Run runs every check in order and says whether all held. The first that fails ends the run.
func (l *Lab) Run(ctx context.Context) bool {
	r := &run{Lab: l}
	began := time.Now()
	for i, c := range r.checks() {
		if i >= needed && l.options.Only != nil && !l.options.Only.MatchString(c.name) {
			continue
		}
		start := time.Now()
		err := c.run(ctx)
		seconds := time.Since(start).Seconds()
		if err != nil {
			fmt.Fprintf(l.options.Out, "  ✘ %s  %.1f s\n", c.name, seconds)
			r.explain(err)
			return false
		}
		fmt.Fprintf(l.options.Out, "  ✔ %s  %.1f s\n", c.name, seconds)
	}
	l.printOverrides()
	fmt.Fprintf(l.options.Out, "\nAll held, in %.0f s.\n", time.Since(began).Seconds())
	return true
}

// printOverrides says what the result does not rest on.
func (l *Lab) printOverrides() {
	fmt.Fprintln(l.options.Out, "\nThe user data is the program's own. What the lab's hosts have otherwise than EC2:")
	for _, o := range append(overrides(hardware{}), elsewhere...) {
		fmt.Fprintf(l.options.Out, "  · %s: %s\n", o.What, o.Why)
	}
}

// explain says why, and where to read more.
func (r *run) explain(err error) {
	for line := range strings.Lines(err.Error()) {
		r.say("%s", strings.TrimRight(line, "\n"))
	}
	for _, m := range []*Machine{r.control, r.worker} {
		if m == nil {
			continue
		}
		r.say("console of %s: %s", m.aws.Name, m.Console)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if tail, err := m.Run(ctx, "journalctl", "--no-pager", "--boot", "-n", "15", "-p", "err"); err == nil {
			r.say("%s", strings.ReplaceAll(strings.TrimSpace(tail), "\n", "\n    "))
		}
	}
	r.say("the lab's own log: %s", r.log.Name())
}

// needed is how many of the checks, from the first, make the cluster that the others start from.
const needed = 7

func (r *run) checks() []check {
	return []check{
		{"programs and base system", r.build},
		{"packages, images and network", r.publish},
		{"the program makes its machines", r.startProgram},
		{"the control plane boots from its user data", r.bootControlPlane},
		{"the worker boots from its user data", r.bootWorker},
		{"both nodes are Ready, with their labels, taints and pods", r.checkNodes},
		{"a pod runs on the worker", r.firstPod},
		{"the program accepts the cluster", r.programEnds},
		{"every pod of the system is ready", r.systemPods},
		{"a second boot of both changes nothing", r.secondBoot},
		{"a power cut of both changes nothing", r.powerCut},
		{"a new worker has a bad day", r.badDay},
		{"  slow metadata service: it recovers", r.recoversFrom("metadata", slowCalls, "instance_id failed")},
		{"  throttled SSM: it recovers", r.recoversFrom("throttle", throttles, "ThrottlingException")},
		{"  package mirror failing twice: it recovers", r.recoversFrom("mirror", brokenLists, "step containerd")},
		{"  late join data (" + joinDelay.String() + " for ten minutes): it waits", r.lateJoinData},
		{"  expired token: it joins once there is a fresh one", r.expiredToken},
		{"a package in another version: the worker says so, and recovers", r.brokenPackage},
		{"power cuts in each step of the worker: the same end", r.cutWorker},
		{"the control plane's machine is lost: the same cluster comes back", r.loseControlPlane},
		{"power cuts in each step of a new control plane: the same end", r.newCluster},
		// Last, because from here on there is a backup: a blank disk would not begin a new cluster.
		{"the control plane's data disk is lost too: the last backup comes back", r.loseDisk},
	}
}

func (r *run) bootControlPlane(ctx context.Context) (err error) {
	if r.control, err = r.newMachine(ctx, r.controlPlaneName()); err != nil {
		return err
	}
	if err := r.control.Start(ctx); err != nil {
		return err
	}
	if _, err := r.control.waitFor(ctx, bootLimit, kubeadm.PhaseReady); err != nil {
		return err
	}
	r.client, err = r.Lab.client(r.control)
	return err
}

func (r *run) bootWorker(ctx context.Context) (err error) {
	if r.worker, err = r.newMachine(ctx, r.options.Worker); err != nil {
		return err
	}
	if err := r.worker.Start(ctx); err != nil {
		return err
	}
	_, err = r.worker.waitFor(ctx, bootLimit, kubeadm.PhaseReady)
	return err
}

// keepWhole remembers what an undisturbed boot ends in.
func (r *run) keepWhole() (err error) {
	if r.wholeControl, err = r.control.fingerprint(); err != nil {
		return err
	}
	r.wholeWorker, err = r.worker.fingerprint()
	return err
}

func (r *run) checkNodes(ctx context.Context) error {
	for _, m := range []*Machine{r.control, r.worker} {
		if err := m.cloudInitDone(ctx); err != nil {
			return err
		}
	}
	for _, name := range []string{r.control.aws.Name, r.worker.aws.Name} {
		if err := wait(ctx, 2*time.Minute, func(ctx context.Context) error { return r.checkNode(ctx, r.client, name) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) firstPod(ctx context.Context) error {
	if err := r.keepWhole(); err != nil {
		return err
	}
	return r.runPod(ctx, r.client, "first")
}

func (r *run) programEnds(ctx context.Context) error {
	select {
	case <-r.program:
		return r.programErr
	case <-time.After(time.Minute):
		return errors.New("the program still waits for its machines")
	case <-ctx.Done():
		return ctx.Err()
	}
}
