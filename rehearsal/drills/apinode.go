package drills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

const (
	// lostAPINode is a target of every API.
	lostAPINode = "k8s-api-low-traffic"
	// foundWithin is longer than the health checks of the load balancer take: two, ten seconds apart.
	foundWithin = 40 * time.Second
)

func apiNode() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "api-node", Program: programs.GrowbinName,
		About: lostAPINode + " is lost while users send requests; pulumi up --refresh replaces it",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			a := &apiLoss{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "remember", Do: a.remember},
				{Name: "lose an API node", Do: a.lose},
				{Name: "without the node", Do: a.without},
				{Name: "up --refresh", Do: a.recover},
			}
		},
	}
}

// apiLoss is the loss of a node behind the load balancer.
type apiLoss struct {
	*rehearsal.Rehearsal
	requests *requests
	// held are the URLs of the applications whose pods run on the node, other is the URL of one whose pods do not.
	held  []string
	other string
}

func (a *apiLoss) remember(ctx context.Context) error {
	client, err := a.Client(ctx)
	if err != nil {
		return err
	}
	var urls map[string]string
	if err := a.Engine.Output(ctx, stacks.OutputURLs, &urls); err != nil {
		return err
	}
	for _, w := range a.Design.Workloads {
		if url, ok := urls[w.Name]; ok && slices.Contains(w.Nodes, lostAPINode) {
			a.held = append(a.held, url)
		} else if ok {
			a.other = url
		}
	}
	if a.requests, err = sendRequests(ctx, a.Rehearsal, client, inTurn); err != nil {
		return err
	}
	return a.quiet(ctx, "requests that failed before the loss", nil)
}

// lose loses the instance and waits until the health checks have found it.
func (a *apiLoss) lose(ctx context.Context) error {
	if err := a.Cloud.LoseInstance(lostAPINode); err != nil {
		return err
	}
	deadline := time.Now().Add(foundWithin)
	for {
		answer, err := a.Cloud.Request(awssim.WebRequest{From: awssim.Internet, URL: a.other})
		if err != nil {
			return err
		}
		if len(answer.Lost) == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after %s the load balancer still sends requests to %s", foundWithin, lostAPINode)
		}
		if err := pause(ctx, requestInterval); err != nil {
			return err
		}
	}
	failed, sent := a.requests.failures()
	others := 0
	for url, count := range failed {
		if !slices.Contains(a.held, url) {
			others += count
		}
	}
	a.Compare("requests to other APIs that failed until the health checks found the node", "–", fmt.Sprintf("%d of %d", others, sent), others > 0 && others < sent)
	return nil
}

// without is the time between the health checks and the replacement: only the APIs whose pods the node held fail.
func (a *apiLoss) without(ctx context.Context) error {
	return a.quiet(ctx, "requests that failed then, but for the APIs on the node", a.held)
}

func (a *apiLoss) recover(ctx context.Context) error {
	if _, err := a.Engine.Up(ctx, "up-refresh", engine.RunOptions{Refresh: true}); err != nil {
		return err
	}
	// Containers of the new machine start.
	for deadline := time.Now().Add(rehearsal.Patience); ; {
		if err := pause(ctx, 10*requestInterval); err != nil {
			return err
		}
		failed, _ := a.requests.failures()
		if len(failed) == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s after the update requests still fail: %v", rehearsal.Patience, failed)
		}
	}
	err := a.quiet(ctx, "requests that failed after the replacement", nil)
	a.requests.stop()
	return err
}

// quiet sends ten rounds, of which only those to the given URLs may fail.
func (a *apiLoss) quiet(ctx context.Context, subject string, except []string) error {
	if err := pause(ctx, 10*requestInterval); err != nil {
		return err
	}
	failed, sent := a.requests.failures()
	count := 0
	for _, url := range slices.Sorted(maps.Keys(failed)) {
		if !slices.Contains(except, url) {
			count += failed[url]
		}
	}
	a.Compare(subject, 0, fmt.Sprintf("%d of %d", count, sent), count == 0 && sent > 0)
	return nil
}
