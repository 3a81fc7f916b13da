package stacks

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// machineImages returns the images in the user data of each instance.
func machineImages(t *testing.T, w *world) map[string][]string {
	t.Helper()
	images := map[string][]string{}
	for _, r := range w.mocks.OfType("aws:ec2/instance:Instance") {
		document, err := userdata.Decode(at(t, r.Inputs, "userDataBase64").StringValue())
		require.NoError(t, err)
		text, err := document.File(userdata.EnvironmentPath)
		require.NoError(t, err)
		environment, err := userdata.ParseEnvironment(text)
		require.NoError(t, err)
		images[r.Name] = strings.Fields(environment[userdata.EnvImages])
	}
	return images
}

// podsImages returns the images of all deployed pods by the node that they select; "" for all nodes.
func podsImages(t *testing.T, w *world) map[string][]string {
	t.Helper()
	images := map[string][]string{}
	for _, r := range w.mocks.All() {
		var path string
		switch r.Type {
		case "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet", "kubernetes:apps/v1:DaemonSet":
			path = "spec.template.spec"
		case "kubernetes:batch/v1:CronJob":
			path = "spec.jobTemplate.spec.template.spec"
		default:
			continue
		}
		pod := at(t, r.Inputs, path).ObjectValue()
		node := ""
		if selector := pod["nodeSelector"]; selector.IsObject() {
			node = nodeWith(t, selector.ObjectValue().Mappable())
		}
		for _, list := range []string{"containers", "initContainers"} {
			if pod[resource.PropertyKey(list)].IsArray() {
				for _, container := range pod[resource.PropertyKey(list)].ArrayValue() {
					images[node] = append(images[node], container.ObjectValue()["image"].StringValue())
				}
			}
		}
	}
	return images
}

func nodeWith(t *testing.T, labels map[string]any) string {
	t.Helper()
	for _, n := range topology {
		matches := true
		for key, value := range labels {
			matches = matches && n.Labels[key] == value
		}
		if matches {
			return n.Name
		}
	}
	return ""
}

func TestPrefetch_ExactlyTheImagesOfTheNodesPods(t *testing.T) {
	t.Parallel()
	w := deploy(t, "dev", nil)
	fetched := machineImages(t, w)
	needed := podsImages(t, w)
	for _, n := range topology {
		wanted := append(slices.Clone(needed[""]), needed[n.Name]...)
		for _, image := range wanted {
			require.Contains(t, fetched[n.Name], image, "%s", n.Name)
		}
		for _, image := range fetched[n.Name] {
			if !strings.HasPrefix(image, "quay.io/calico/") { // created by Calico's operator, not by the program
				require.Contains(t, wanted, image, "%s pulls an image that no pod of it needs", n.Name)
			}
		}
	}
}

func TestPrefetch_NoPrivateImages(t *testing.T) {
	t.Parallel()
	w, err := tryDeploy(t, "dev", map[string]string{"registryUsername": "puller", "registryPassword": "robot-password"}, awssim.Options{})
	require.NoError(t, err)
	for node, images := range machineImages(t, w) {
		for _, image := range images {
			require.NotContains(t, image, "ghcr.io/growbin/", "%s has no credentials for it", node)
		}
	}
}

func TestMachineImages_NoApplications(t *testing.T) {
	t.Parallel()
	s, err := decode(t, "dev", nil)
	require.NoError(t, err)
	require.Contains(t, s.MachineImages(), pins.PostgreSQL)
	require.NotContains(t, s.MachineImages(), s.Image("waste-api"))
}
