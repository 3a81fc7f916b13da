package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// cutDelay lets a step begin its work before the power cut.
const cutDelay = 300 * time.Millisecond

// maxMissedCuts is how many power cuts may be skipped because their moment had passed.
const maxMissedCuts = 2

// moment is a point of the boot at which the power is cut.
type moment struct {
	name string
	// reached reports whether it has come. console is the output since the instance was started.
	reached func(i *instance, console string) bool
	// passed, if non-nil, reports whether it cannot come any more: a short step may end before the power is cut in the
	// step before it.
	passed func(i *instance) bool
}

// stepBegins is the beginning of a step.
func stepBegins(step string) moment {
	return moment{
		name: "step " + step,
		reached: func(_ *instance, console string) bool {
			return strings.Contains(console, "kubeadm-bootstrap: step "+step)
		},
		passed: func(i *instance) bool { return i.stepDone(step) },
	}
}

// fileExists is the moment at which a file has content.
func fileExists(path string) moment {
	return moment{
		name: "file " + path,
		reached: func(i *instance, _ string) bool {
			if !i.Running() {
				return false
			}
			_, err := i.Run(context.Background(), "test", "-s", path)
			return err == nil
		},
	}
}

// powerCuts returns one in each step, and more within the step that creates a control plane.
func (i *instance) powerCuts() ([]moment, error) {
	variables, err := i.variables()
	if err != nil {
		return nil, err
	}
	state := variables[userdata.EnvStateDir]
	var moments []moment
	for _, step := range strings.Fields(variables[userdata.EnvSteps]) {
		moments = append(moments, stepBegins(step))
		if step == userdata.StepControlPlane {
			// With half of the certificates, at etcd's first write, and with all manifests.
			moments = append(moments, fileExists(state+"/pki/ca.crt"), fileExists(state+"/etcd/member/wal/0000000000000000-0000000000000000.wal"),
				fileExists("/etc/kubernetes/manifests/kube-scheduler.yaml"))
		}
	}
	return moments, nil
}

// bootWithPowerCuts boots the instance, cuts its power at each moment, and boots it until it is Ready.
func (i *instance) bootWithPowerCuts(ctx context.Context) (cuts int, err error) {
	moments, err := i.powerCuts()
	if err != nil {
		return 0, err
	}
	for _, at := range moments {
		if at.passed != nil && at.passed(i) {
			continue
		}
		if err := i.bootUntil(ctx, at); err != nil {
			return cuts, err
		}
		time.Sleep(cutDelay)
		if err := i.CutPower(); err != nil {
			return cuts, err
		}
		cuts++
	}
	if missed := len(moments) - cuts; missed > maxMissedCuts {
		return cuts, fmt.Errorf("%s: %d of %d steps ended before the power could be cut; at most %d may", i.ec2.Name, missed, len(moments), maxMissedCuts)
	}
	return cuts, i.boot(ctx)
}

// bootUntil starts the instance and waits for a moment of its boot.
func (i *instance) bootUntil(ctx context.Context, at moment) error {
	begin := i.consoleSize()
	if err := i.Start(ctx); err != nil {
		return err
	}
	return poll(ctx, bootTimeout, func(context.Context) error {
		if at.reached(i, i.consoleSince(begin)) {
			return nil
		}
		if status, err := i.status(); err == nil && status.Phase == kubeadm.PhaseReady && status.InstanceID == i.id() {
			return permanentError{fmt.Errorf("%s was Ready before the power could be cut at %s", i.ec2.Name, at.name)}
		}
		return fmt.Errorf("%s has not reached %s", i.ec2.Name, at.name)
	})
}
