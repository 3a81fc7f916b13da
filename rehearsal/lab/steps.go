package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// marksDirectory is the STATE of the boot scripts, with a file for each step that is done.
const marksDirectory = "/var/lib/kubeadm-bootstrap"

// variables returns the settings of the boot scripts from the user data.
func (i *instance) variables() (map[string]string, error) {
	document, err := userdata.Decode(i.ec2.UserData)
	if err != nil {
		return nil, err
	}
	text, err := document.File(userdata.EnvironmentPath)
	if err != nil {
		return nil, err
	}
	return userdata.ParseEnvironment(text)
}

// steps returns the boot steps in order.
func (i *instance) steps() ([]string, error) {
	variables, err := i.variables()
	if err != nil {
		return nil, err
	}
	return strings.Fields(variables[userdata.EnvSteps]), nil
}

// stepDone reports whether the instance has recorded a step as done.
func (i *instance) stepDone(step string) bool {
	_, err := os.Stat(filepath.Join(i.Root, marksDirectory, step+".done"))
	return err == nil
}

// checkSteps checks that the instance has recorded every step as done.
func (i *instance) checkSteps() error {
	steps, err := i.steps()
	if err != nil {
		return err
	}
	var problems []error
	for _, step := range append(steps, userdata.StepReady) {
		if !i.stepDone(step) {
			problems = append(problems, fmt.Errorf("%s has not recorded step %s as done", i.ec2.Name, step))
		}
	}
	return errors.Join(problems...)
}
