package docs

import (
	"context"
	"fmt"

	"github.com/growbin/cluster/components/sessions"
	"github.com/growbin/cluster/internal/iampolicy"
	"github.com/growbin/cluster/stacks"
)

// policyFiles returns the IAM policies of each stack, iam/STACK-ROLE.json.
func policyFiles(root string) ([]File, error) {
	types, err := stacks.ResourceTypes(context.Background(), root)
	if err != nil {
		return nil, fmt.Errorf("list the types of all resources: %w", err)
	}
	var files []File
	for _, name := range []string{"dev", "prod"} {
		settings, err := stacks.ReadSettings(root, name, nil)
		if err != nil {
			return nil, err
		}
		stack := iampolicy.Stack{
			Project: "growbin", Name: name, Cluster: settings.ClusterName(), Region: settings.Region, TagKey: stacks.ClusterTag,
			ControlPlane: stacks.ControlPlane(settings.Nodes).Name, Forward: sessions.ForwardDocument(settings.ClusterName()), Types: types,
		}
		for _, role := range iampolicy.Roles() {
			text, err := stack.Policy(role)
			if err != nil {
				return nil, fmt.Errorf("policy of the %s of %s: %w", role, name, err)
			}
			files = append(files, File{fmt.Sprintf("iam/%s-%s.json", name, role), text})
		}
	}
	return files, nil
}
