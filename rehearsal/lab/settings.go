package lab

import (
	"fmt"

	"github.com/growbin/cluster/internal/stackfile"
	"github.com/growbin/cluster/stacks"
)

const (
	// stack is the one whose machines boot.
	stack = "dev"
	// bootMinutes bounds how long the program waits for the control plane.
	bootMinutes = "20"
	// placeholder is the value of the secrets: the lab cannot decrypt the stack's own.
	placeholder = "made-up-by-the-lab"
)

// readSettings reads the program's settings: the defaults, the stack file, and the lab's own.
func (l *Lab) readSettings() error {
	var encrypted []string
	var err error
	if l.config, encrypted, err = stackfile.Values(l.options.Root, stack); err != nil {
		return err
	}
	for _, key := range encrypted {
		l.config[key] = placeholder
	}
	for key, value := range map[string]string{
		"apiAccess": string(stacks.AccessSessionManager), "bootTimeoutMinutes": bootMinutes, "sshKeyName": "",
		"openaiApiKey": placeholder, "kakaoApiKey": placeholder,
	} {
		l.config[stacks.ConfigPrefix+key] = value
	}
	l.settings, err = stacks.ReadSettings(l.options.Root, stack, l.config)
	return err
}

// node is a row of the topology.
func (l *Lab) node(name string) (stacks.Node, error) {
	var names []string
	for _, n := range l.settings.Nodes {
		if n.Name == name {
			return n, nil
		}
		names = append(names, n.Name)
	}
	return stacks.Node{}, fmt.Errorf("there is no node %q among %v", name, names)
}
