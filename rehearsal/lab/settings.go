package lab

import (
	"fmt"
	"net"
	"strconv"

	"github.com/growbin/cluster/internal/stackfile"
	"github.com/growbin/cluster/stacks"
)

const (
	// bootMinutes is how long the program waits for the control plane.
	bootMinutes = "20"
	// placeholder is the value of the secrets: the lab cannot decrypt those of the stack.
	placeholder = "placeholder-of-the-boot-lab"
)

// stack is the one whose instances are booted: the two of the boot lab, or all with every pod of the catalog.
func (l *Lab) stack() string {
	if l.options.Whole {
		return "prod"
	}
	return "dev"
}

// readSettings reads the program's configuration and adds the lab's own values.
func (l *Lab) readSettings() (err error) {
	if l.config, l.secrets, err = stackfile.Values(l.options.Root, l.stack()); err != nil {
		return err
	}
	l.secrets = append(l.secrets, stacks.ConfigPrefix+"openaiApiKey", stacks.ConfigPrefix+"kakaoApiKey")
	for _, key := range l.secrets {
		l.config[key] = placeholder
	}
	if l.tunnel, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("opening the tunnel to the API server: %w", err)
	}
	overridden := map[string]string{
		"apiAccess": string(stacks.AccessSessionManager), "bootTimeoutMinutes": bootMinutes, "sshKeyName": "",
		"apiTunnelPort": strconv.Itoa(l.tunnel.Addr().(*net.TCPAddr).Port),
		"imageMirrors":  fmt.Sprintf("[%q]", registryAddress+"=http://"+registryAddress),
	}
	if l.options.Whole {
		// The lab's own endpoints have addresses of this range.
		overridden["vpcCidr"], overridden["publicSubnetCidrs"] = "10.1.0.0/16", `["10.1.1.0/24","10.1.2.0/24","10.1.3.0/24"]`
		overridden["autoscale"] = fmt.Sprintf("[%q]", autoscaledAPI+"=2-2") // it has metrics, and changes nothing
		overridden["alarmEmails"] = `["team@example.com"]`
	} else {
		// Argo CD owns the images: the objects in the cluster are mocks here, so no token of a release would ever appear.
		overridden["gitRepository"], overridden["gitPath"] = "https://github.com/growbin/clusters", "dev"
	}
	l.overridden = map[string]string{}
	for key, value := range overridden {
		l.config[stacks.ConfigPrefix+key], l.overridden[stacks.ConfigPrefix+key] = value, value
	}
	l.settings, err = stacks.ReadSettings(l.options.Root, l.stack(), l.config)
	return err
}
