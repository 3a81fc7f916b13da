package stacks

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/internal/imagelock"
	"github.com/growbin/cluster/internal/testing/awssim"
)

const kindImageSet = "kubernetes:operator.tigera.io/v1:ImageSet"

// everything makes the program deploy each of its images.
var everything = map[string]string{"autoscale": `["waste-api=1-2"]`, "alarmEmails": `["ops@example.com"]`}

// lockOf returns a digest for each image.
func lockOf(images []string) imagelock.Lock {
	lock := imagelock.Lock{}
	for _, image := range images {
		lock[image] = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(image)))
	}
	return lock
}

// inLockedProject is inProject with a digest of each image.
func inLockedProject(t *testing.T) imagelock.Lock {
	t.Helper()
	inProject(t)
	images, err := Images(projectFolder)
	require.NoError(t, err)
	lock := lockOf(images)
	require.NoError(t, lock.Write(filepath.Join(projectFolder, ImageLock)))
	return lock
}

// publicImagesOf returns the images of all deployed pods but the applications'.
func publicImagesOf(t *testing.T, w *world) []string {
	t.Helper()
	var images []string
	for _, list := range podsImages(t, w) {
		images = append(images, list...)
	}
	images = slices.DeleteFunc(images, func(image string) bool { return strings.HasPrefix(image, "ghcr.io/growbin/") })
	slices.Sort(images)
	return slices.Compact(images)
}

func TestImages_ThoseThatAreDeployed(t *testing.T) {
	t.Parallel()
	images, err := Images(t.TempDir())
	require.NoError(t, err)
	for _, image := range calico.Images("") {
		assert.Contains(t, images, image)
	}
	own := slices.DeleteFunc(slices.Clone(images), func(image string) bool { return slices.Contains(calico.Images(""), image) })
	assert.Equal(t, publicImagesOf(t, deploy(t, "dev", everything)), own)
}

// The file of the project names the images of this commit: after another version in components/pins, growbin images has to run.
func TestImages_LockOfTheProject(t *testing.T) {
	t.Parallel()
	s, err := decode(t, "dev", nil)
	require.NoError(t, err)
	without, err := s.LockImages("..")
	require.NoError(t, err)
	if s.digests != nil {
		assert.Empty(t, without, "run growbin images")
	}
}

func TestLockImages_DeploysDigests(t *testing.T) {
	lock := inLockedProject(t)
	w := deploy(t, "dev", everything)
	var want []string
	for image, digest := range lock {
		if _, tag, _ := strings.Cut(image, ":"); !slices.Contains([]string{"v1.42.9", "v3.4.4", "8.2.3-alpine", calico.DefaultChartVersion}, tag) {
			want = append(want, image+"@"+digest)
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, publicImagesOf(t, w))

	images := w.mocks.OfType(kindImageSet)
	require.Len(t, images, 1)
	assert.Equal(t, "calico-"+calico.DefaultChartVersion, images[0].Value("metadata.name"))
	assert.Len(t, images[0].Value("spec.images"), len(calico.Images("")))
	assert.Contains(t, images[0].Value("spec.images"), map[string]any{"image": "calico/typha", "digest": lock["quay.io/calico/typha:"+calico.DefaultChartVersion]})
	tags := map[any]any{}
	for _, release := range w.mocks.OfType(kindRelease) {
		tags[release.Name] = []any{release.Value("values.tigeraOperator.version"), release.Value("values.global.image.tag"), release.Value("values.redis.image.tag")}
	}
	assert.Equal(t, map[any]any{
		"growbin-dev-calico-operator": []any{"v1.42.9@" + lock["quay.io/tigera/operator:v1.42.9"], nil, nil},
		"argocd":                      []any{nil, "v3.4.4@" + lock["quay.io/argoproj/argocd:v3.4.4"], "8.2.3-alpine@" + lock["registry.example.com/redis:8.2.3-alpine"]},
	}, tags)

	// An instance pulls the very images that its pods will ask for.
	for node, fetched := range machineImages(t, w) {
		for _, image := range fetched {
			assert.True(t, strings.Contains(image, "@sha256:") || strings.HasPrefix(image, "ghcr.io/growbin/"), "%s: %s", node, image)
		}
	}
}

func TestLockImages_EveryProblem(t *testing.T) {
	lock := inLockedProject(t)
	delete(lock, pins.Redis)
	lock["redis:7.2.15"] = lock[pins.RabbitMQ]
	path := filepath.Join(projectFolder, ImageLock)
	require.NoError(t, lock.Write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(text, "postgres:15.19\n"...), 0o600))
	w, err := tryDeploy(t, "dev", nil, awssim.Options{})
	require.ErrorContains(t, err, fmt.Sprintf(`images.lock: line %d: "postgres:15.19" must be a reference`, len(lock)+1))
	require.ErrorContains(t, err, `images.lock: "redis:7.2.15" must be an image that the program deploys`)
	assert.Empty(t, w.mocks.All(), "nothing is registered")
}

func TestLockImages_Without(t *testing.T) {
	lock := inLockedProject(t)
	delete(lock, pins.Redis)
	delete(lock, "quay.io/calico/csi:"+calico.DefaultChartVersion)
	require.NoError(t, lock.Write(filepath.Join(projectFolder, ImageLock)))
	s, err := decode(t, "dev", nil)
	require.NoError(t, err)
	without, err := s.LockImages(projectFolder)
	require.NoError(t, err)
	assert.Equal(t, append(slices.Sorted(slices.Values(calico.Images(""))), pins.Redis), without, "Calico's operator takes the digests of all or of none")
	assert.Empty(t, s.networkDigests())
	assert.NotContains(t, strings.Join(s.MachineImages(), " "), "calico/node:"+calico.DefaultChartVersion+"@")

	require.NoError(t, os.Remove(filepath.Join(projectFolder, ImageLock)))
	without, err = s.LockImages(projectFolder)
	require.NoError(t, err)
	assert.Len(t, without, len(lock)+2)
	assert.Empty(t, deploy(t, "dev", nil).mocks.OfType(kindImageSet))
}
