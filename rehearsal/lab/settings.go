package lab

import (
	"fmt"
	"net"
	"strconv"

	"github.com/growbin/cluster/internal/stackfile"
	"github.com/growbin/cluster/stacks"
)

const (
	// stack is the one whose instances are booted.
	stack = "dev"
	// bootMinutes is how long the program waits for the control plane.
	bootMinutes = "20"
	// placeholder is the value of the secrets: the lab cannot decrypt those of the stack.
	placeholder = "placeholder-of-the-boot-lab"
)

// readSettings reads the program's configuration and adds the lab's own values.
func (l *Lab) readSettings() (err error) {
	if l.config, l.secrets, err = stackfile.Values(l.options.Root, stack); err != nil {
		return err
	}
	l.secrets = append(l.secrets, stacks.ConfigPrefix+"openaiApiKey", stacks.ConfigPrefix+"kakaoApiKey")
	for _, key := range l.secrets {
		l.config[key] = placeholder
	}
	if l.tunnel, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("opening the tunnel to the API server: %w", err)
	}
	l.overridden = map[string]string{}
	for key, value := range map[string]string{
		"apiAccess": string(stacks.AccessSessionManager), "bootTimeoutMinutes": bootMinutes, "sshKeyName": "",
		"apiTunnelPort": strconv.Itoa(l.tunnel.Addr().(*net.TCPAddr).Port),
		// Argo CD owns the images: the objects in the cluster are mocks here, so no token of a release would ever appear.
		"gitRepository": "https://github.com/growbin/clusters", "gitPath": "dev",
	} {
		l.config[stacks.ConfigPrefix+key], l.overridden[stacks.ConfigPrefix+key] = value, value
	}
	l.settings, err = stacks.ReadSettings(l.options.Root, stack, l.config)
	return err
}
