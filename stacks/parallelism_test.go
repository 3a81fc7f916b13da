package stacks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

// Pulumi works on four resources at once per processor, and a resource that Pulumi awaits (a Deployment, a Service) keeps its
// place until it is ready. If awaited resources took all places and waited for others that have none, e.g. applications for
// their stores, the update would starve until their timeouts. No rehearsal shows it: kwok's pods are ready at once.

// storesOf maps connections to the StatefulSets that serve them.
var storesOf = map[connection][]string{
	envDatabase: {"postgresql"},
	envRedis:    {"redis-cache", "redis-durable"},
	envResults:  {"redis-durable"},
	envBroker:   {"rabbitmq"},
	envRabbitMQ: {"rabbitmq"},
}

// job is one resource of an update.
type job struct {
	urn, name string
	// place is true if the resource takes one of Pulumi's places, which components do not.
	place bool
	// after are the URNs that Pulumi completes first.
	after []string
	// awaits are the URNs without which the resource does not become ready while it keeps its place.
	awaits []string
}

// graph is the recorded dependency graph of an update, with the needs of the pods at run time.
type graph map[string]*job

func recordGraph(t *testing.T) graph {
	t.Helper()
	registrations := deploy(t, "dev", nil).mocks.All()
	g := graph{}
	for _, r := range registrations {
		provider, _, _ := strings.Cut(r.Provider, "::provider-")
		g[r.URN] = &job{urn: r.URN, name: r.Type + " " + r.Name, place: r.Custom, after: append(slices.Clone(r.Dependencies), r.Parent, provider)}
	}
	for _, job := range g {
		job.after = slices.DeleteFunc(job.after, func(urn string) bool { return g[urn] == nil })
	}
	for _, r := range registrations {
		g[r.URN].awaits = awaitedBy(r, registrations)
	}
	return g
}

// awaitedBy returns the URNs without which a resource does not become ready.
func awaitedBy(r recorder.Registration, all []recorder.Registration) []string {
	var needs []string
	add := func(matches func(recorder.Registration) bool) {
		for _, other := range all {
			if other.URN != r.URN && matches(other) {
				needs = append(needs, other.URN)
			}
		}
	}
	switch kind := kindOf(r); {
	case kind == "Service" && !skipsAwait(r):
		// A Service is ready once a pod behind it is.
		selector := fieldOf(r.Inputs, "spec", "selector")
		add(func(other recorder.Registration) bool {
			return hasPods(other) && selects(selector, fieldOf(other.Inputs, "spec", "template", "metadata", "labels"))
		})
	case kind == "Release" && textOf(r, "chart") == "argo-cd", hasPods(r):
		// No pod starts without the pod network, its Secrets and its ConfigMaps. Calico's operator runs on the host network,
		// and the chart of its definitions has no pods.
		add(func(other recorder.Registration) bool {
			return kindOf(other) == "Release" && textOf(other, "chart") == "tigera-operator"
		})
		pod := fieldOf(r.Inputs, "spec", "template", "spec").String()
		add(func(other recorder.Registration) bool {
			return (kindOf(other) == "Secret" || kindOf(other) == "ConfigMap") && textOf(other, "metadata", "namespace") == textOf(r, "metadata", "namespace") &&
				strings.Contains(pod, "{"+textOf(other, "metadata", "name")+"}")
		})
	}
	for _, application := range Applications() {
		if kindOf(r) != "Deployment" || textOf(r, "metadata", "name") != application.Name {
			continue
		}
		for _, connection := range application.connections() {
			add(func(other recorder.Registration) bool {
				return kindOf(other) == "StatefulSet" && slices.Contains(storesOf[connection], textOf(other, "metadata", "name"))
			})
		}
	}
	return needs
}

func kindOf(r recorder.Registration) string {
	if !strings.HasPrefix(r.Type, "kubernetes:") {
		return ""
	}
	return r.Type[strings.LastIndex(r.Type, ":")+1:]
}

func hasPods(r recorder.Registration) bool {
	return slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, kindOf(r))
}

func skipsAwait(r recorder.Registration) bool {
	return textOf(r, "metadata", "annotations", "pulumi.com/skipAwait") == "true"
}

// selects reports whether a selector matches labels; a selector without labels matches none.
func selects(selector, labels resource.PropertyValue) bool {
	if !selector.IsObject() || !labels.IsObject() {
		return false
	}
	for key, value := range selector.ObjectValue() {
		if !labels.ObjectValue()[key].DeepEquals(value) {
			return false
		}
	}
	return len(selector.ObjectValue()) > 0
}

// fieldOf returns a nested property without the marks of secrets; it is null if it does not exist.
func fieldOf(object resource.PropertyMap, path ...string) resource.PropertyValue {
	value := resource.NewProperty(object)
	for _, key := range path {
		if !value.IsObject() {
			return resource.NewNullProperty()
		}
		value = value.ObjectValue()[resource.PropertyKey(key)]
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
	}
	return value
}

func textOf(r recorder.Registration, path ...string) string {
	if value := fieldOf(r.Inputs, path...); value.IsString() {
		return value.StringValue()
	}
	return ""
}

// before returns all URNs that Pulumi completes before the given one.
func (g graph) before(urn string) map[string]bool {
	found := map[string]bool{}
	todo := slices.Clone(g[urn].after)
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		if !found[next] {
			found[next] = true
			todo = append(todo, g[next].after...)
		}
	}
	return found
}

// starved runs the update with a number of places, and returns the resources that are never done. Among resources
// that could start, those that wait for others come first: that is the worst order.
func (g graph) starved(places int) []string {
	queue := make([]*job, 0, len(g))
	for _, job := range g {
		queue = append(queue, job)
	}
	slices.SortFunc(queue, func(a, b *job) int {
		if a, b := len(a.awaits), len(b.awaits); a != b {
			return b - a
		}
		return strings.Compare(a.urn, b.urn)
	})
	done, running := map[string]bool{}, []*job{}
	all := func(urns []string) bool {
		return !slices.ContainsFunc(urns, func(urn string) bool { return !done[urn] })
	}
	for progress := true; progress; {
		progress = false
		queue = slices.DeleteFunc(queue, func(j *job) bool {
			start := all(j.after) && (!j.place || len(running) < places)
			switch {
			case start && j.place:
				running = append(running, j)
			case start:
				done[j.urn] = true
			}
			progress = progress || start
			return start
		})
		running = slices.DeleteFunc(running, func(j *job) bool {
			finished := all(j.awaits)
			if finished {
				done[j.urn] = true
			}
			progress = progress || finished
			return finished
		})
	}
	var names []string
	for _, job := range running {
		names = append(names, job.name)
	}
	if len(done)+len(running) < len(g) {
		names = append(names, fmt.Sprintf("%d others wait", len(g)-len(done)-len(running)))
	}
	return names
}

func TestParallelism_NothingStarvesWithFewPlaces(t *testing.T) {
	g := recordGraph(t)
	waiting := 0
	for _, job := range g {
		if len(job.awaits) > 0 {
			waiting++
		}
	}
	require.Greater(t, waiting, len(Applications()), "the graph has no resources that wait for others")
	for _, places := range []int{1, 2, 4, 8, 16, 1000} {
		assert.Empty(t, g.starved(places), "pulumi up --parallel %d starves", places)
	}
}

// Without the dependency on the stores, applications take all places: the simulation would find it.
func TestParallelism_StarvationIsFound(t *testing.T) {
	g := graph{
		"store": {urn: "store", name: "store", place: true},
		"a":     {urn: "a", name: "a", place: true, awaits: []string{"store"}},
		"b":     {urn: "b", name: "b", place: true, awaits: []string{"store"}},
	}
	assert.Equal(t, []string{"a", "b", "1 others wait"}, g.starved(2))
	assert.Empty(t, g.starved(3))
	g["a"].after, g["b"].after = []string{"store"}, []string{"store"}
	assert.Empty(t, g.starved(1))
}

func TestParallelism_ApplicationsDependOnTheirStores(t *testing.T) {
	g := recordGraph(t)
	for _, application := range Applications() {
		found := 0
		for urn, job := range g {
			if job.name != "kubernetes:apps/v1:Deployment "+application.Name {
				continue
			}
			found++
			before := g.before(urn)
			stores := 0
			for _, needed := range job.awaits {
				assert.True(t, before[needed], "%s does not depend on %s", job.name, g[needed].name)
				if strings.Contains(g[needed].name, ":StatefulSet ") {
					stores++
				}
			}
			assert.GreaterOrEqual(t, stores, 2, "%s uses a database and Redis", application.Name)
		}
		assert.Equal(t, 1, found, "Deployments of %s", application.Name)
	}
}
