package stacks

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/stackfile"
)

// Ways of a change to a live stack, as docs/architecture.md has them.
const (
	wayAnew, wayRoll, wayFree, wayRow = "only by building anew", "by `growbin roll`", "free", "by another row, then removing this one"
	wayRenamed                        = "the node is removed, its data volume stays, and a new node joins"
)

// documentedWays returns the ways of settings and of fields of a row, from the table in the docs.
func documentedWays(t *testing.T) (settings, fields map[string][]string) {
	page, err := os.ReadFile("../docs/architecture.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(page), "| value | change on a live stack |\n|---|---|\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	settings, fields = map[string][]string{}, map[string][]string{}
	for _, line := range strings.Split(table, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		require.Len(t, cells, 2, line)
		into := settings
		if strings.HasPrefix(cells[0], "row: ") {
			into = fields
		}
		for _, quoted := range regexp.MustCompile("`([A-Za-z]+)`").FindAllStringSubmatch(cells[0], -1) {
			into[quoted[1]] = append(into[quoted[1]], cells[1])
		}
	}
	return settings, fields
}

// pinnedInputs returns the properties of an instance that change by its replacement alone.
func pinnedInputs(t *testing.T, registration string) map[string]any {
	text, _, _ := strings.Cut(registration, " protect=")
	var inputs map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &inputs))
	pinned := map[string]any{}
	for _, key := range []string{"ami", "instanceMarketOptions", "instanceType", "keyName", "privateIp", "subnetId", "userDataBase64"} {
		pinned[key] = inputs[key]
	}
	return pinned
}

// wayOf derives the way of a change from the registrations before and after it.
func wayOf(t *testing.T, before, after map[string]string) string {
	way := wayFree
	for name, registration := range before {
		now, exists := after[name]
		if !exists || now == registration {
			continue
		}
		switch token, _, _ := strings.Cut(name, " "); {
		case strings.HasPrefix(name, stashType+" "+stashOfCluster+"-"):
			return wayRow
		case token == stashType:
			return wayAnew
		case token == instanceType && !assert.ObjectsAreEqual(pinnedInputs(t, registration), pinnedInputs(t, now)):
			way = wayRoll
		}
	}
	return way
}

// prefetching are the settings whose image references are in the user data, so that new instances pull them early. Pods follow
// a change at once.
var prefetching = []string{"imageRegistry", "imageTag", "imageTags", "registryUsername"}

func TestLiveChanges_SettingsAsDocumented(t *testing.T) {
	documented, _ := documentedWays(t)
	project, err := stackfile.ReadProject("..")
	require.NoError(t, err)
	for key := range documented {
		assert.Contains(t, project.Config, ConfigPrefix+key)
	}
	for _, move := range settingMoves {
		if _, listed := documented[move.key]; move.key == "privateSubnetCidrs" {
			assert.True(t, listed, "it binds with private nodes only, which another case has")
			continue
		}
		with := map[string]string{}
		for key, value := range move.with {
			with[key] = value
		}
		before := registrationsOnce(t, with)
		with[move.key] = move.value
		way := wayOf(t, before, registrationsOnce(t, with))
		if way == wayRow { // the zones hold that of the control plane
			way = wayAnew
		}
		if slices.Contains(prefetching, move.key) {
			assert.Equal(t, wayRoll, way, move.key)
			way = wayFree
		}
		want := wayFree
		if ways := documented[move.key]; len(ways) > 0 {
			want = ways[0]
		}
		assert.Equal(t, want, way, move.key)
	}
}

func TestLiveChanges_FieldsOfARowAsDocumented(t *testing.T) {
	_, documented := documentedWays(t)
	edits := map[string]func(*Node){
		"Purpose": func(n *Node) { n.Purpose = "Another purpose" }, "Role": func(n *Node) { n.Role = RoleAPI },
		"InstanceType": func(n *Node) { n.InstanceType = "c6i.large" }, "Zone": func(n *Node) { n.Zone = 2 },
		"RootGiB": func(n *Node) { n.RootGiB++ }, "DataGiB": func(n *Node) { n.DataGiB = 10 }, "MaxPods": func(n *Node) { n.MaxPods++ },
		"Labels": func(n *Node) {
			n.Labels = map[string]string{labelWorkload: "async-workers", labelType: "ai", "more": "yes"}
		},
		"Buying": func(n *Node) { n.Buying = BuySpot },
		"Band":   func(n *Node) { n.Band = &Band{55, 85} }, "Snapshots": func(n *Node) { n.Snapshots = true },
		"MaxReplicas": func(n *Node) { n.MaxReplicas = 1 },
	}
	original, smaller := topology, smallerRows
	t.Cleanup(func() { topology, smallerRows = original, smaller })
	smallerRows = nil // they would hide the edits
	at := slices.IndexFunc(original, func(n Node) bool { return n.Name == "k8s-worker-ai" })
	// The larger machines cost more than dev may, and a spot instance does not sleep.
	unlimited := map[string]string{"monthlyBudget": "0", "sleep": ""}
	before := registrations(t, unlimited)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Node]()) {
		ways := documented[field.Name]
		require.NotEmpty(t, ways, "%s is not in the table", field.Name)
		edit, ok := edits[field.Name]
		if !ok {
			assert.Contains(t, []string{"Name", "Dedicated"}, field.Name, "no case; pods of the application tolerate the old taint only")
			continue
		}
		topology = slices.Clone(original)
		edit(&topology[at])
		assert.Contains(t, ways, wayOf(t, before, registrations(t, unlimited)), field.Name)
	}
	assert.Equal(t, []string{wayRow}, documented["Dedicated"])
	assert.Equal(t, []string{wayAnew, wayRenamed}, documented["Name"])
}
