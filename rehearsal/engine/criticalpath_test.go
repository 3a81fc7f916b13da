package engine

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/stretchr/testify/assert"
)

func TestCriticalPath_LongestChain(t *testing.T) {
	urn := func(kind, name string) resource.URN {
		return resource.URN("urn:pulumi:dev::growbin::" + kind + "::" + name)
	}
	add := func(kind, name string, needs ...resource.URN) apitype.ResourceV3 {
		return apitype.ResourceV3{URN: urn(kind, name), Type: tokens.Type(kind), Dependencies: needs}
	}
	subnet, instance := urn("aws:s", "subnet"), urn("aws:i", "instance")
	component := add("own:c", "cluster", subnet)
	child := add("aws:k", "parameter")
	child.Parent = component.URN
	waits := map[string]time.Duration{"aws:s": 10 * time.Second, "aws:i": 11 * time.Second, "aws:a": 20 * time.Second, "aws:l": 40 * time.Second, "aws:k": time.Second}
	path := criticalPath([]apitype.ResourceV3{
		add("aws:s", "subnet"), add("aws:l", "lifecycle"), component, child,
		add("aws:i", "instance", subnet), add("aws:free", "role", instance), add("aws:a", "disk", urn("aws:free", "role")),
		add("aws:i", "other", subnet),
	}, func(token string) time.Duration { return waits[token] })
	assert.Equal(t, []Wait{{"aws:s", "subnet", 10 * time.Second}, {"aws:i", "instance", 11 * time.Second}, {"aws:a", "disk", 20 * time.Second}}, path)

	assert.Equal(t, []Wait{{"aws:s", "subnet", 10 * time.Second}, {"aws:k", "parameter", time.Second}},
		criticalPath([]apitype.ResourceV3{add("aws:s", "subnet"), component, child}, func(token string) time.Duration { return waits[token] }), "a child follows its parent")
	assert.Empty(t, criticalPath(nil, func(string) time.Duration { return time.Hour }))
}
