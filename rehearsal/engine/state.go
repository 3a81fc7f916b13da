package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Left lists the resources in the stack's state, except for the stack itself. After a destroy there must be none.
func (e *Engine) Left(ctx context.Context) ([]string, error) {
	exported, err := e.stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the stack's state: %w", err)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return nil, fmt.Errorf("decode the stack's state: %w", err)
	}
	var left []string
	for _, r := range deployment.Resources {
		if r.Type == resource.RootStackType {
			continue // the stack itself, which holds its outputs
		}
		left = append(left, fmt.Sprintf("%s %s", r.Type, r.URN.Name()))
	}
	sort.Strings(left)
	return left, nil
}

// Output decodes a stack output into out.
func (e *Engine) Output(ctx context.Context, name string, out any) error {
	outputs, err := e.stack.Outputs(ctx)
	if err != nil {
		return fmt.Errorf("read the stack's outputs: %w", err)
	}
	value, ok := outputs[name]
	if !ok {
		return fmt.Errorf("the stack has no output %q", name)
	}
	text, err := json.Marshal(value.Value)
	if err != nil {
		return fmt.Errorf("read the output %s: %w", name, err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("read the output %s: %w", name, err)
	}
	return nil
}
