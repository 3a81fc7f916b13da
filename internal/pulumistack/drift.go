package pulumistack

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/growbin/cluster/internal/roll"
)

// Drift previews an update with a refresh, and lists the resources that it would change, e.g. "update Deployment waste-api".
func (s *Stack) Drift(ctx context.Context) ([]string, error) {
	var changes []string
	err := s.operate(roll.Overrides{}, func(event *apitype.ResourcePreEvent) {
		if event == nil {
			return
		}
		switch step := event.Metadata; step.Op {
		case apitype.OpSame, apitype.OpRefresh, apitype.OpRead, apitype.OpCreateReplacement, apitype.OpDeleteReplaced:
		default:
			changes = append(changes, fmt.Sprintf("%s %s %s", step.Op, resource.URN(step.URN).Type().DisplayName(), resource.URN(step.URN).Name()))
		}
	}, func(path string, stream chan events.EngineEvent) error {
		_, err := s.stack.Preview(ctx, optpreview.Refresh(), optpreview.ConfigFile(path), optpreview.EventStreams(stream), optpreview.SuppressOutputs(), optpreview.SuppressProgress())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("preview stack %s with a refresh: %w", s.options.Stack, err)
	}
	return changes, nil
}
