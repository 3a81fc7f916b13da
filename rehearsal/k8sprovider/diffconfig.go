package k8sprovider

import (
	"context"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/client-go/tools/clientcmd/api"
)

// DiffConfig says whether a changed provider is still the same cluster. With a clusterIdentifier only that decides;
// without, a kubeconfig that is unknown or whose active cluster differs replaces the provider and all on it
// (provider.go, DiffConfig).
func (i *instance) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := decode(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := decode(req.GetNews())
	if err != nil {
		return nil, err
	}
	changed, replaces := diffProvider(reveal(olds), reveal(news))
	if len(changed) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME, Diffs: changed, Replaces: replaces}, nil
}

const clusterIdentifier = resource.PropertyKey("clusterIdentifier")

// clusterSettings are those that say which cluster is meant.
var clusterSettings = []string{"kubeconfig", "context", "cluster"}

func diffProvider(olds, news resource.PropertyMap) (changed, replaces []string) {
	diff := olds.Diff(news)
	if diff == nil {
		return nil, nil
	}
	for _, key := range diff.ChangedKeys() {
		changed = append(changed, string(key))
	}
	switch {
	case diff.Updated(clusterIdentifier):
		return changed, []string{string(clusterIdentifier)}
	case news.HasValue(clusterIdentifier) && diff.Same(clusterIdentifier):
		return changed, nil
	}
	for _, key := range clusterSettings {
		if news[resource.PropertyKey(key)].IsComputed() {
			return changed, []string{key}
		}
	}
	before, after := activeCluster(olds), activeCluster(news)
	if before == nil || after == nil || reflect.DeepEqual(before, after) {
		return changed, nil
	}
	for _, key := range clusterSettings {
		if slices.Contains(changed, key) {
			replaces = append(replaces, key)
		}
	}
	return changed, replaces
}

func activeCluster(properties resource.PropertyMap) *api.Cluster {
	text := func(key resource.PropertyKey) string {
		if value := properties[key]; value.IsString() {
			return value.StringValue()
		}
		return ""
	}
	config, err := loadKubeconfig(text("kubeconfig"))
	if err != nil {
		return nil
	}
	name := text("context")
	if name == "" {
		name = config.CurrentContext
	}
	selected := config.Contexts[name]
	if selected == nil {
		return nil
	}
	cluster := text("cluster")
	if cluster == "" {
		cluster = selected.Cluster
	}
	return config.Clusters[cluster]
}
