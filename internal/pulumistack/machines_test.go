package pulumistack

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/roll"
)

func workerData(t *testing.T, name, version, mount string) string {
	t.Helper()
	data, err := kubeadm.WorkerUserData(kubeadm.WorkerConfig{NodeConfig: kubeadm.NodeConfig{
		Cluster: "test", Region: "ap-northeast-2", Name: name, MaxPods: 20, KubernetesVersion: version, DataMount: mount,
	}})
	require.NoError(t, err)
	return data
}

func event(op apitype.OpType, name string, before, after map[string]any) *apitype.ResourcePreEvent {
	step := apitype.StepEventMetadata{Op: op, Type: instanceType, URN: "urn:pulumi:dev::growbin::" + instanceType + "::" + name}
	if before != nil {
		step.Old = &apitype.StepEventStateMetadata{ID: "i-" + name, Inputs: before}
	}
	if after != nil {
		step.New = &apitype.StepEventStateMetadata{Inputs: after}
	}
	return &apitype.ResourcePreEvent{Metadata: step}
}

func TestPreview_FateOfEachInstance(t *testing.T) {
	older := map[string]any{"ami": "ami-1", "instanceType": "t3.small", "userDataBase64": workerData(t, "redis", "1.35.4", "/var/lib/data"), "disableApiTermination": true}
	newer := map[string]any{"ami": "ami-2", "instanceType": "t3.large", "userDataBase64": workerData(t, "redis", "1.36.3", "/var/lib/data"), "disableApiTermination": true}
	same := map[string]any{"userDataBase64": workerData(t, "api", "1.36.3", "")}
	p := NewPreview()
	p.Add(nil) // another event of the engine
	p.Add(&apitype.ResourcePreEvent{Metadata: apitype.StepEventMetadata{Op: apitype.OpDelete, Type: "aws:ebs/volume:Volume", URN: "urn:pulumi:dev::growbin::aws:ebs/volume:Volume::redis"}})
	p.Add(event(apitype.OpSame, "api", same, same))
	p.Add(event(apitype.OpDeleteReplaced, "redis", older, nil)) // deleted before replaced
	p.Add(event(apitype.OpReplace, "redis", older, newer))
	p.Add(event(apitype.OpCreateReplacement, "redis", older, newer))
	p.Add(event(apitype.OpCreate, "worker", nil, map[string]any{"userDataBase64": workerData(t, "worker", "1.36.3", ""), "disableApiTermination": true}))
	p.Add(event(apitype.OpDelete, "api-surge", older, nil))
	machines, err := p.Machines()
	require.NoError(t, err)
	for i := range machines {
		assert.Equal(t, "urn:pulumi:dev::growbin::"+instanceType+"::"+machines[i].Node, machines[i].URN)
		machines[i].URN = ""
	}
	assert.Equal(t, []roll.Machine{
		{Node: "api", Fate: roll.Kept, InstanceID: "i-api", Version: "1.36.3"},
		{Node: "api-surge", Fate: roll.Removed, InstanceID: "i-api-surge", Protected: true},
		{
			Node: "redis", Fate: roll.Replaced, InstanceID: "i-redis", KeepsData: true, Protected: true, Protects: true, Version: "1.36.3", Image: "ami-2",
			Changes: []string{"image ami-1 → ami-2", "type t3.small → t3.large", "user data"},
		},
		{Node: "worker", Fate: roll.Created, Protects: true, Version: "1.36.3"},
	}, machines)
}

// A release of an application changes the list of prefetched images. That is no reason to replace an instance.
func TestPreview_ReleaseReplacesNothing(t *testing.T) {
	fetching := func(image string) map[string]any {
		data, err := kubeadm.WorkerUserData(kubeadm.WorkerConfig{NodeConfig: kubeadm.NodeConfig{
			Cluster: "test", Region: "ap-northeast-2", Name: "api", MaxPods: 20, KubernetesVersion: "1.36.3", Images: []string{image},
		}})
		require.NoError(t, err)
		return map[string]any{"ami": "ami-1", "userDataBase64": data}
	}
	p := NewPreview()
	p.Add(event(apitype.OpReplace, "api", fetching("example.com/api:1.0.0"), fetching("example.com/api:1.0.1")))
	newer := fetching("example.com/api:1.0.1")
	newer["ami"] = "ami-2"
	p.Add(event(apitype.OpReplace, "worker", fetching("example.com/api:1.0.0"), newer))
	machines, err := p.Machines()
	require.NoError(t, err)
	require.Len(t, machines, 2)
	assert.Equal(t, roll.Kept, machines[0].Fate)
	assert.Equal(t, roll.Replaced, machines[1].Fate)
	assert.Equal(t, []string{"image ami-1 → ami-2"}, machines[1].Changes)
}

func TestPreview_InvalidUserData(t *testing.T) {
	p := NewPreview()
	p.Add(event(apitype.OpSame, "api", map[string]any{}, map[string]any{"userDataBase64": "garbage"}))
	_, err := p.Machines()
	assert.ErrorContains(t, err, "machine api: its new user data")
}
