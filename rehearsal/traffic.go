package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/verify"
)

// checkTraffic requests the URLs that the stack exports, by workload, through the simulated load balancer. Each must be
// answered by ready pods of its workload.
func (r *Rehearsal) checkTraffic(ctx context.Context, s *verify.Snapshot) ([]string, error) {
	if r.Options.Program.URLsOutput == "" {
		return nil, nil
	}
	var urls map[string]string
	if err := r.Engine.Output(ctx, r.Options.Program.URLsOutput, &urls); err != nil {
		return nil, err
	}
	var differences []string
	for _, workload := range slices.Sorted(maps.Keys(urls)) {
		if err := answered(r.Cloud, s, workload, urls[workload]); err != nil {
			differences = append(differences, fmt.Sprintf("%s: %s", urls[workload], err))
		}
	}
	if len(differences) == 0 {
		r.Console.Logf("%d URLs answered through the load balancer, each by the pods of its application", len(urls))
	}
	return differences, nil
}

// answered returns an error unless every target of the load balancer leads to pods of the workload.
func answered(cloud *awssim.Cloud, s *verify.Snapshot, workload, url string) error {
	answer, err := cloud.Request(awssim.WebRequest{From: awssim.Internet, URL: url})
	if err != nil {
		return err
	}
	if len(answer.Targets) == 0 {
		return fmt.Errorf("the load balancer answers %d itself", answer.Status)
	}
	for _, target := range answer.Targets {
		pods := s.PodsBehind(target.Port)
		if len(pods) == 0 {
			return fmt.Errorf("no ready pod behind port %d of %s", target.Port, target.Instance)
		}
		for _, pod := range pods {
			if app := s.App(pod); app != workload {
				return fmt.Errorf("port %d of %s leads to %s, must be %s", target.Port, target.Instance, app, workload)
			}
		}
	}
	return nil
}
