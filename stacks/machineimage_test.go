package stacks

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// ownImage returns the ID that the simulated account gives to an image of that name.
func ownImage(t *testing.T, name, architecture string) string {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	defer cloud.Close()
	return cloud.MakeImage(name, architecture, 20)
}

func TestMachineImage_Configured(t *testing.T) {
	t.Parallel()
	id := ownImage(t, "growbin", "x86_64")
	w, err := tryDeployIn(t, "dev", map[string]string{"machineImage": id}, awssim.Options{}, func(c *awssim.Cloud) { c.MakeImage("growbin", "x86_64", 20) })
	require.NoError(t, err)
	machines := w.mocks.OfType("aws:ec2/instance:Instance")
	require.Len(t, machines, len(topology))
	for _, r := range machines {
		require.Equal(t, resource.NewProperty(id), r.Inputs["ami"], r.Name)
	}
}

func TestMachineImage_InvalidIsRefusedBeforeAnythingIsCreated(t *testing.T) {
	t.Parallel()
	canonical := deploy(t, "dev", nil).mocks.OfType("aws:ec2/instance:Instance")[0].Inputs["ami"].StringValue()
	for name, test := range map[string]struct{ id, want string }{
		"missing":            {"ami-0123456789abcdef0", "must be an image of this account in ap-northeast-2"},
		"of another account": {canonical, "must be an image of this account in ap-northeast-2"},
		"other architecture": {ownImage(t, "arm", "arm64"), "must be for x86_64, not arm64"},
	} {
		w, err := tryDeployIn(t, "dev", map[string]string{"machineImage": test.id}, awssim.Options{}, func(c *awssim.Cloud) { c.MakeImage("arm", "arm64", 20) })
		require.ErrorContains(t, err, test.want, name)
		require.ErrorContains(t, err, "scripts/build-image dev", name)
		require.Empty(t, w.mocks.OfType("aws:ec2/vpc:Vpc"), name)
	}
}

// The image of a roll's plan stands, whatever Canonical publishes meanwhile.
func TestMachineImage_OfTheRoll(t *testing.T) {
	t.Parallel()
	planned := deploy(t, "dev", nil).mocks.OfType("aws:ec2/instance:Instance")[0].Inputs["ami"]
	w, err := tryDeployIn(t, "dev", map[string]string{"rollImage": planned.StringValue()}, awssim.Options{}, func(c *awssim.Cloud) {
		newer, err := c.ReleaseImage(ImageParameter)
		require.NoError(t, err)
		require.NotEqual(t, planned.StringValue(), newer)
	})
	require.NoError(t, err)
	for _, r := range w.mocks.OfType("aws:ec2/instance:Instance") {
		require.Equal(t, planned, r.Inputs["ami"], r.Name)
	}
	_, err = tryDeploy(t, "dev", map[string]string{"rollImage": "newest"}, awssim.Options{})
	require.ErrorContains(t, err, `growbin:rollImage: "newest" must be the ID of a machine image`)
}

func TestMachineImage_FitsEveryNode(t *testing.T) {
	t.Parallel()
	s, err := ReadSettings("..", "prod", nil)
	require.NoError(t, err)
	for _, n := range s.Nodes {
		require.LessOrEqual(t, s.MachineImageGiB(), n.RootGiB, n.Name)
	}
	encoded, err := s.MachineImageUserData()
	require.NoError(t, err)
	document, err := userdata.Decode(encoded)
	require.NoError(t, err)
	text, err := document.File(userdata.EnvironmentPath)
	require.NoError(t, err)
	require.Contains(t, text, s.KubernetesVersion)
	require.NotContains(t, text, "ghcr.io/growbin/", "every release would outdate the image")
}
