package roll

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/instance"
)

// launch updates the stack for the instance of a node. Where AWS has no capacity for its type, the types of the options are asked for
// in turn.
func (r *roller) launch(ctx context.Context, title, node string, o Overrides) error {
	err := r.Stack.Up(ctx, title, o)
	for _, kind := range r.Types {
		if err == nil || !strings.Contains(err.Error(), instance.NoCapacity) {
			return err
		}
		r.Logf("%s: AWS has no capacity for the instance; asking for %s", node, kind)
		r.types[node] = kind
		err = r.Stack.Up(ctx, title, o)
	}
	if err != nil && strings.Contains(err.Error(), instance.NoCapacity) {
		return fmt.Errorf("%w\nOr roll %s with --types, which asks for several types in turn", err, node)
	}
	return err
}

// typeNames are the nodes with another type than the program's, for people.
func (r *roller) typeNames() string {
	var list []string
	for _, node := range slices.Sorted(maps.Keys(r.types)) {
		list = append(list, node+"="+r.types[node])
	}
	return strings.Join(list, ", ")
}
