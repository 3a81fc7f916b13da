package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// checkShutdownDelay checks that kubelet delays a shutdown for as long as its pods have to end, although the file of
// unattended-upgrades, which the lab puts on every host, allows less.
func (r *run) checkShutdownDelay(ctx context.Context) error {
	for _, i := range []*instance{r.controlPlane, r.worker} {
		delay, err := i.Run(ctx, "busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "InhibitDelayMaxUSec")
		if err != nil {
			return err
		}
		if strings.TrimSpace(delay) != "t 60000000" {
			return fmt.Errorf("%s: logind delays a shutdown by %q µs; it must be 60 s", i.ec2.Name, strings.TrimSpace(delay))
		}
		inhibitors, err := i.Run(ctx, "busctl", "call", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "ListInhibitors")
		if err != nil {
			return err
		}
		if !strings.Contains(inhibitors, `"shutdown" "kubelet"`) {
			return fmt.Errorf("%s: kubelet holds no inhibitor of a shutdown: %s", i.ec2.Name, inhibitors)
		}
	}
	return nil
}

// checkOpenFiles checks the limit that containers inherit.
func (r *run) checkOpenFiles(ctx context.Context) error {
	limit, err := r.worker.Run(ctx, "systemctl", "show", "containerd", "--property", "LimitNOFILESoft")
	if err != nil {
		return err
	}
	if strings.TrimSpace(limit) != "LimitNOFILESoft=65536" {
		return errors.New("containerd has the soft limit " + strings.TrimSpace(limit) + "; must be 65536")
	}
	return nil
}
