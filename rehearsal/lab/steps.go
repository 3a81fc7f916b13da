package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// variables are the settings of the boot scripts in the machine's user data.
func (m *Machine) variables() (map[string]string, error) {
	document, err := userdata.Decode(m.aws.UserData)
	if err != nil {
		return nil, err
	}
	text, err := document.File(userdata.EnvironmentPath)
	if err != nil {
		return nil, err
	}
	return userdata.ParseEnvironment(text)
}

// steps are the boot steps, in order.
func (m *Machine) steps() ([]string, error) {
	variables, err := m.variables()
	if err != nil {
		return nil, err
	}
	return strings.Fields(variables[userdata.EnvSteps]), nil
}

// moment is a point of the boot at which the power is cut.
type moment struct {
	name string
	// come says whether it has come; console is what appeared there since the host was switched on.
	come func(m *Machine, console string) bool
	// over says whether it cannot come any more: a short step may be done before the power goes in the one before it.
	over func(m *Machine) bool
}

// stepBegins is the moment at which a step is at work.
func stepBegins(step string) moment {
	return moment{
		name: "step " + step,
		come: func(_ *Machine, console string) bool {
			return strings.Contains(console, "kubeadm-bootstrap: step "+step)
		},
		over: func(m *Machine) bool { return m.counts(step) },
	}
}

// fileAppears is the moment at which a file has been written on the data disk.
func fileAppears(path string) moment {
	return moment{
		name: path + " written",
		come: func(m *Machine, _ string) bool {
			if !m.Running() {
				return false
			}
			_, err := m.Run(context.Background(), "test", "-s", path)
			return err == nil
		},
		over: func(*Machine) bool { return false }, // the file stays
	}
}

// moments are one in each step, and those inside the step that makes a control plane.
func (m *Machine) moments() ([]moment, error) {
	variables, err := m.variables()
	if err != nil {
		return nil, err
	}
	state := variables[userdata.EnvStateDir]
	var all []moment
	for _, step := range strings.Fields(variables[userdata.EnvSteps]) {
		all = append(all, stepBegins(step))
		if step == userdata.StepControlPlane {
			// Half of the certificates; etcd's first write; the API server's first answer.
			all = append(all, fileAppears(state+"/pki/ca.crt"), fileAppears(state+"/etcd/member/wal/0000000000000000-0000000000000000.wal"),
				fileAppears("/etc/kubernetes/manifests/kube-scheduler.yaml"))
		}
	}
	return all, nil
}

// mostMissed is how many moments may be over before they could be met.
const mostMissed = 2

// bootWithPowerCuts boots a machine and cuts its power at each moment, until none is left and it is ready.
func (m *Machine) bootWithPowerCuts(ctx context.Context) (cuts int, err error) {
	moments, err := m.moments()
	if err != nil {
		return 0, err
	}
	for _, at := range moments {
		if at.over(m) {
			continue
		}
		begin := m.consoleSize()
		if err := m.Start(ctx); err != nil {
			return cuts, err
		}
		err := wait(ctx, bootLimit, func(context.Context) error {
			if at.come(m, m.consoleSince(begin)) {
				return nil
			}
			if status, err := m.status(); err == nil && status.Phase == kubeadm.PhaseReady && status.InstanceID == m.lab.awsapi.InstanceID(m.aws) {
				return final{fmt.Errorf("%s was ready before the power could be cut at %s", m.aws.Name, at.name)}
			}
			return fmt.Errorf("%s has not come to %s", m.aws.Name, at.name)
		})
		if err != nil {
			return cuts, err
		}
		time.Sleep(300 * time.Millisecond) // into the step, not at its edge
		if err := m.CutPower(); err != nil {
			return cuts, err
		}
		cuts++
	}
	if missed := len(moments) - cuts; missed > mostMissed {
		return cuts, fmt.Errorf("%d of %d steps of %s were done before the power could be cut", missed, len(moments), m.aws.Name)
	}
	if err := m.Start(ctx); err != nil {
		return cuts, err
	}
	_, err = m.waitFor(ctx, bootLimit, kubeadm.PhaseReady)
	return cuts, err
}

// consoleSize is how much has appeared on the console so far, in bytes.
func (m *Machine) consoleSize() int64 {
	info, err := os.Stat(m.Console)
	if err != nil {
		return 0 // it has not been switched on
	}
	return info.Size()
}

// consoleSince is what appeared on the console after a point.
func (m *Machine) consoleSince(begin int64) string {
	text, err := os.ReadFile(m.Console)
	if err != nil || int64(len(text)) < begin {
		return ""
	}
	return string(text[begin:])
}

// counts tells whether the machine counts a step as done.
func (m *Machine) counts(step string) bool {
	_, err := os.Stat(filepath.Join(m.Root, "var/lib/kubeadm-bootstrap", step+".done"))
	return err == nil
}

// allDone checks that the machine counts every step as done.
func (m *Machine) allDone() error {
	steps, err := m.steps()
	if err != nil {
		return err
	}
	var problems []error
	for _, step := range append(steps, "ready") {
		if !m.counts(step) {
			problems = append(problems, fmt.Errorf("%s does not count step %s as done", m.aws.Name, step))
		}
	}
	return errors.Join(problems...)
}
