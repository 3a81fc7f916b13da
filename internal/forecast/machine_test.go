package forecast

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/awssim"
)

func controlPlane(t *testing.T) awssim.Registration {
	t.Helper()
	encoded, err := kubeadm.ControlPlaneUserData(kubeadm.ControlPlaneConfig{
		NodeConfig: kubeadm.NodeConfig{
			Cluster: "dev", Region: "ap-northeast-2", Name: "master", MaxPods: 10, KubernetesVersion: "1.36.3", Images: []string{"big:1"},
		},
		PrivateIP: "10.0.0.10", PodCIDR: "192.168.0.0/16", ServiceCIDR: "10.96.0.0/12",
	})
	require.NoError(t, err)
	return awssim.Registration{
		Type: "aws:ec2/instance:Instance", Name: "master", URN: "urn:master", Custom: true,
		Inputs: resource.PropertyMap{"userDataBase64": resource.NewProperty(encoded)},
	}
}

func small() *Model {
	return &Model{
		Images:             map[string]Image{"big": {Compressed: 4000, Unpacked: 10}, "etcd": {Compressed: 100, Unpacked: 300}, "api": {Compressed: 100, Unpacked: 300}},
		ControlPlaneImages: []string{"etcd", "api"},
	}
}

func ended(t *testing.T, model *Model, options Options, id string) float64 {
	t.Helper()
	plan, err := New(model, []awssim.Registration{controlPlane(t)}, options)
	require.NoError(t, err)
	schedule, err := plan.Play()
	require.NoError(t, err)
	task, ok := schedule.Task(id)
	require.True(t, ok, id)
	return task.End
}

func TestMachineDoesTheStepsOfItsUserDataInOrder(t *testing.T) {
	t.Parallel()
	var last float64
	for _, id := range []string{"launch/master", "boot/master", "host/master", "containerd/master", "init/master", "join-data/master", "publish/master", "ready/master"} {
		end := ended(t, small(), Options{}, id)
		require.Greater(t, end, last, id)
		last = end
	}
}

func TestControlPlaneWaitsForItsOwnImagesOnly(t *testing.T) {
	t.Parallel()
	require.Less(t, ended(t, small(), Options{}, "ready/master"), ended(t, small(), Options{}, "pull/master/big"))
}

func TestEveryMeasureTakenBackCostsTime(t *testing.T) {
	t.Parallel()
	for _, undo := range []func(*Options){
		func(o *Options) { o.AptDaily = true }, func(o *Options) { o.AllLists = true }, func(o *Options) { o.StatusWaited = true },
		func(o *Options) { o.OneInstall, o.LatePulls = true, true },
	} {
		var options Options
		undo(&options)
		require.Greater(t, ended(t, small(), options, "ready/master"), ended(t, small(), Options{}, "ready/master"), "%+v", options)
	}
}

func TestWhatTheModelDoesNotKnowIsAnError(t *testing.T) {
	t.Parallel()
	refused := func(model *Model, want string, more ...awssim.Registration) {
		t.Helper()
		_, err := New(model, append([]awssim.Registration{controlPlane(t)}, more...), Options{})
		require.ErrorContains(t, err, want)
	}
	unknown := small()
	delete(unknown.Images, "big")
	refused(unknown, `the size of image "big:1" is not known`)
	refused(small(), "no duration for this type", awssim.Registration{Type: "aws:rds/instance:Instance", Name: "db", URN: "urn:db", Custom: true})
	refused(small(), `pods of chart "other" are not known`, awssim.Registration{
		Type: "kubernetes:helm.sh/v3:Release", Name: "r", URN: "urn:r", Custom: true,
		Inputs: resource.PropertyMap{"chart": resource.NewProperty("other")},
	})
	_, err := New(small(), nil, Options{})
	require.ErrorContains(t, err, "control plane")

	m := &Machine{Name: "m", Environment: map[string]string{"STEPS": "host dance"}}
	b := &builder{plan: &Plan{Capacity: map[string]int{}}, model: small()}
	require.ErrorContains(t, b.boot(m), `boot step "dance"`)
}

func TestEveryFactHasASource(t *testing.T) {
	t.Parallel()
	for _, fact := range Facts() {
		require.NotEmpty(t, fact.Source, fact.Name)
		require.Positive(t, fact.Value, fact.Name)
		require.NotContains(t, fact.Source, "|", "it is a cell of a table")
		if !fact.Assumed {
			require.True(t, strings.ContainsAny(fact.Source, "0123456789:(."), "%s: %s is no source", fact.Name, fact.Source)
		}
	}
}
