package tunnel

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/growbin/cluster/internal/awscli"
)

// lookupTimeout limits one call of EC2.
const lookupTimeout = 20 * time.Second

// instance returns the ID of the running control plane, or "" if there is none.
func (o Options) instance(ctx context.Context) (string, error) {
	return Instance(ctx, awscli.InRegion(o.Region), o.Cluster, o.Node)
}

// Instance returns the ID of a node's running instance, or "" if there is none. While one replaces another both may run: the newer
// one counts.
func Instance(ctx context.Context, run awscli.Runner, cluster, node string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	out, err := run(ctx, "ec2", "describe-instances",
		"--filters", "Name=tag:Cluster,Values="+cluster, "Name=tag:Name,Values="+node, "Name=instance-state-name,Values=running",
		"--query", "Reservations[].Instances[].{ID:InstanceId,LaunchTime:LaunchTime}")
	if err != nil {
		return "", err
	}
	var running []runningInstance
	if err := json.Unmarshal(out, &running); err != nil {
		return "", fmt.Errorf("read the list of instances: %w", err)
	}
	if len(running) == 0 {
		return "", nil
	}
	newest := slices.MaxFunc(running, func(a, b runningInstance) int { return a.LaunchTime.Compare(b.LaunchTime) })
	return newest.ID, nil
}

// runningInstance is one item of the answer of describe-instances.
type runningInstance struct {
	ID         string
	LaunchTime time.Time
}
