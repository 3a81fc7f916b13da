package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/stacks"
)

// takenNodes returns the spot nodes without an instance that runs or starts. Without spot nodes it asks nobody.
func takenNodes(ctx context.Context, s *stacks.Settings, aws awscli.Runner) ([]string, error) {
	spot := slices.DeleteFunc(slices.Clone(s.Nodes), func(n stacks.Node) bool { return !n.Spot() })
	if len(spot) == 0 {
		return nil, nil
	}
	var names []string
	if err := ask(ctx, aws, &names, "ec2", "describe-instances",
		"--filters", "Name=tag:Cluster,Values="+s.ClusterName(), "Name=instance-state-name,Values=pending,running",
		"--query", "Reservations[].Instances[].Tags[?Key=='Name']|[].Value"); err != nil {
		return nil, fmt.Errorf("find the instances of spot nodes: %w", err)
	}
	var taken []string
	for _, n := range spot {
		if !slices.Contains(names, n.Name) {
			taken = append(taken, n.Name)
		}
	}
	return taken, nil
}

// substitutes returns the types that can run the pods of each of the nodes.
func substitutes(s *stacks.Settings, nodes []string) []string {
	var kinds []capacity.InstanceType
	for _, n := range s.Nodes {
		if slices.Contains(nodes, n.Name) {
			kinds = append(kinds, n.Type())
		}
	}
	return capacity.Substitutes(kinds...)
}
