package boot

import (
	"context"
	"fmt"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// step begins a boot step and says so.
func (w *World) step(r *reporter, node, step string) {
	w.say(node, "%s", step)
	if err := r.begin(step); err != nil {
		w.say(node, "%v", err)
	}
}

// packages waits for the way to the package repositories, which is where a real machine would get its programs.
func (w *World) packages(ctx context.Context, m Machine, node *userdata.Node) (map[string]string, error) {
	waiting, cancel := context.WithTimeout(ctx, w.options.ServiceWait)
	defer cancel()
	if err := m.Internet(waiting); err != nil {
		return nil, fmt.Errorf("packages cannot be fetched: %w", err)
	}
	return w.options.Programs(ctx, node.KubernetesVersion)
}

// attached waits for the machine's data volume and returns its ID.
func (w *World) attached(ctx context.Context, m Machine) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, w.options.ServiceWait)
	defer cancel()
	id, err := m.DataVolume(ctx)
	if err != nil {
		return "", fmt.Errorf("no data volume: %w", err)
	}
	return id, nil
}

func (w *World) say(machine, format string, args ...any) {
	w.options.Log(machine, fmt.Sprintf(format, args...))
}
