package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Left lists the resources in the stack's state, except for the stack itself. After a destroy there must be none.
func (e *Engine) Left(ctx context.Context) ([]string, error) {
	resources, err := e.resources(ctx)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, r := range resources {
		if r.Type == resource.RootStackType {
			continue // the stack itself, which holds its outputs
		}
		left = append(left, fmt.Sprintf("%s %s", r.Type, r.URN.Name()))
	}
	sort.Strings(left)
	return left, nil
}

// KubernetesObjects returns every object of the stack as the program wrote it, secrets included. A Helm release is not an
// object of the API server.
func (e *Engine) KubernetesObjects(ctx context.Context) ([]map[string]any, error) {
	resources, err := e.resources(ctx)
	if err != nil {
		return nil, err
	}
	var objects []map[string]any
	for _, r := range resources {
		if !strings.HasPrefix(string(r.Type), "kubernetes:") || strings.HasPrefix(string(r.Type), "kubernetes:helm.sh/") {
			continue
		}
		if object, ok := reveal(r.Outputs["__inputs"]).(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// Generated returns the passwords and other values that pulumi-random has made, by resource.
func (e *Engine) Generated(ctx context.Context) (map[string]string, error) {
	resources, err := e.resources(ctx)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, r := range resources {
		if value, ok := reveal(r.Outputs["result"]).(string); ok && strings.HasPrefix(string(r.Type), "random:") {
			values[fmt.Sprintf("%s %s", r.Type.Name(), r.URN.Name())] = value
		}
	}
	return values, nil
}

func (e *Engine) resources(ctx context.Context) ([]apitype.ResourceV3, error) {
	exported, err := e.stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the stack's state: %w", err)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return nil, fmt.Errorf("decode the stack's state: %w", err)
	}
	return deployment.Resources, nil
}

// reveal replaces the secrets of an exported value by their plain values.
func reveal(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if value[resource.SigKey] == resource.SecretSig {
			var plain any
			text, _ := value["plaintext"].(string)
			if err := json.Unmarshal([]byte(text), &plain); err != nil {
				return nil
			}
			return reveal(plain)
		}
		revealed := make(map[string]any, len(value))
		for key, item := range value {
			revealed[key] = reveal(item)
		}
		return revealed
	case []any:
		revealed := make([]any, len(value))
		for i, item := range value {
			revealed[i] = reveal(item)
		}
		return revealed
	}
	return value
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
