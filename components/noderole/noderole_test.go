package noderole

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

func validArgs() NodeRoleArgs {
	return NodeRoleArgs{Node: "k8s-redis", Role: "cache", InstanceID: pulumi.String("i-1")}
}

func deploy(args NodeRoleArgs) (*recorder.Recorder, error) {
	return recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewNodeRole(ctx, "redis-role", &args)
		return err
	})
}

func TestNewNodeRole_Label(t *testing.T) {
	r, err := deploy(validArgs())
	require.NoError(t, err)
	r.RequireDescend(t, typeToken)
	require.Len(t, r.All(), 2, "the component and one patch")

	patch := r.One(t, "kubernetes:core/v1:NodePatch", "redis-role")
	assert.Equal(t, map[string]any{
		"name":        "k8s-redis",
		"labels":      map[string]any{"node-role.kubernetes.io/cache": ""},
		"annotations": map[string]any{"kubeadm-aws/instance-id": "i-1", "pulumi.com/waitFor": `["condition=Ready","jsonpath={.metadata.annotations['kubeadm-aws/instance-id']}=i-1"]`},
	}, patch.Value("metadata"))
	assert.True(t, patch.RetainOnDelete, "to delete it, the provider would apply an empty Node")
}

// The Node object of a replacement is new and has no label; a changed input makes Pulumi set it again.
func TestNewNodeRole_InstanceReplaced(t *testing.T) {
	args := validArgs()
	args.InstanceID = pulumi.String("i-2")
	r, err := deploy(args)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"kubeadm-aws/instance-id": "i-2", "pulumi.com/waitFor": `["condition=Ready","jsonpath={.metadata.annotations['kubeadm-aws/instance-id']}=i-2"]`}, r.One(t, "kubernetes:core/v1:NodePatch", "redis-role").Value("metadata.annotations"))
}

func TestNewNodeRole_FieldNotSet(t *testing.T) {
	for missing, change := range map[string]func(*NodeRoleArgs){
		"Node":       func(a *NodeRoleArgs) { a.Node = "" },
		"Role":       func(a *NodeRoleArgs) { a.Role = "" },
		"InstanceID": func(a *NodeRoleArgs) { a.InstanceID = nil },
	} {
		t.Run(missing, func(t *testing.T) {
			args := validArgs()
			change(&args)
			r, err := deploy(args)
			require.ErrorContains(t, err, "node role redis-role: "+missing+": not set, must be")
			assert.Empty(t, r.All(), "nothing is registered")
		})
	}
}
