package pulumistack

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
		if change, differs := difference(event.Metadata, s.options.Records); differs {
			changes = append(changes, change)
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

// difference describes a step that would change something. The update of a provider does not: its kubeconfig is renewed every few
// days, and the next update stores the new one. Nor does the update of a record.
func difference(step apitype.StepEventMetadata, records []string) (description string, differs bool) {
	urn := resource.URN(step.URN)
	switch step.Op {
	case apitype.OpSame, apitype.OpRefresh, apitype.OpRead, apitype.OpCreateReplacement, apitype.OpDeleteReplaced:
		return "", false
	case apitype.OpUpdate:
		if strings.HasPrefix(string(urn.Type()), "pulumi:providers:") || slices.Contains(records, urn.Name()) {
			return "", false
		}
	}
	return fmt.Sprintf("%s %s %s", step.Op, urn.Type().DisplayName(), urn.Name()), true
}
