package drills

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
)

// The drill refreshes the same targets as docs/recover.md.
func TestRefresh_AsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/recover.md")
	require.NoError(t, err)
	assert.Contains(t, string(text), "pulumi refresh -s dev --target '"+fmt.Sprintf(lostResources, "k8s-master")+"'")
}

func TestExpectedStep(t *testing.T) {
	growbin := programs.Growbin()
	design, err := growbin.Load("../..", "dev", map[string]string{"growbin:openaiApiKey": "openai-key", "growbin:kakaoApiKey": "kakao-key"})
	require.NoError(t, err)
	require.Equal(t, "k8s-master", design.ControlPlane)
	l := &loss{Rehearsal: &rehearsal.Rehearsal{Design: design}}
	for _, step := range []struct {
		change engine.Change
		want   bool
	}{
		{engine.Change{Operation: "create", Type: "aws:ec2/instance:Instance", Name: "k8s-master"}, true},
		{engine.Change{Operation: "replace", Type: "aws:ec2/volumeAttachment:VolumeAttachment", Name: "k8s-master-data"}, true},
		{engine.Change{Operation: "create", Type: "aws:ebs/volume:Volume", Name: "k8s-master-data"}, true},
		{engine.Change{Operation: "update", Type: "kubernetes:core/v1:NodePatch", Name: "k8s-master"}, true},
		{engine.Change{Operation: "update", Type: "pulumi:providers:kubernetes", Name: "growbin-dev"}, true},
		{engine.Change{Operation: "update", Type: "aws:scheduler/schedule:Schedule", Name: "growbin-dev-night-wake-stores"}, true},
		{engine.Change{Operation: "create", Type: "aws:scheduler/schedule:Schedule", Name: "growbin-dev-night-wake-stores"}, false},
		{engine.Change{Operation: "update", Type: "aws:iam/rolePolicy:RolePolicy", Name: "growbin-dev-read-backups"}, true},
		{engine.Change{Operation: "update", Type: "aws:iam/rolePolicy:RolePolicy", Name: "growbin-dev-k8s-master"}, false},
		{engine.Change{Operation: "replace", Type: "pulumi:providers:kubernetes", Name: "growbin-dev"}, false},
		{engine.Change{Operation: "create", Type: "aws:ec2/instance:Instance", Name: "k8s-redis"}, false},
		{engine.Change{Operation: "update", Type: "aws:ssm/parameter:Parameter", Name: "k8s-master"}, false},
		{engine.Change{Operation: "create", Type: "kubernetes:core/v1:ConfigMap", Name: "k8s-master"}, false},
		{engine.Change{Operation: "replace", Type: "kubernetes:core/v1:NodePatch", Name: "k8s-master"}, false},
	} {
		assert.Equal(t, step.want, l.expectedStep(step.change), step.change.String())
	}
}
