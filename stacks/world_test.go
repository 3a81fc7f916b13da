package stacks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
)

func TestMain(m *testing.M) {
	pollInterval, failedGrace = time.Millisecond, time.Millisecond
	connect = func(string) (kubernetes.Interface, error) { return fake.NewClientset(releaseTokens()...), nil }
	os.Exit(m.Run())
}

// adminIP is the address of the administrator in tests.
const adminIP = "192.0.2.7"

// boundaryARN is the managed policy of iam/dev-boundary.json in the simulated account.
const boundaryARN = "arn:aws:iam::000000000000:policy/growbin-dev-boundary"

// boundaryPolicy is its content, read before a test changes the directory.
var boundaryPolicy = func() string {
	text, err := os.ReadFile("../iam/dev-boundary.json")
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(text), "111122223333", "000000000000")
}()

// world is the simulated account after a run of the program.
type world struct {
	cloud *awssim.Cloud
	mocks *mocks.Mocks
	// outputs are the stack outputs; secret marks the secret ones.
	outputs map[string]any
	secret  map[string]bool

	mu         sync.Mutex
	bootErrors []string
}

// deploy runs the program against the simulated account and requires success.
func deploy(t testing.TB, stack string, overrides map[string]string) *world {
	t.Helper()
	w, err := tryDeploy(t, stack, overrides, awssim.Options{})
	require.NoError(t, err)
	require.Empty(t, w.bootErrors)
	return w
}

// tryDeploy runs the functions of before, then the program, and returns the error.
func tryDeploy(t testing.TB, stack string, overrides map[string]string, options awssim.Options, before ...func(*pulumi.Context) error) (*world, error) {
	t.Helper()
	return tryDeployIn(t, stack, overrides, options, func(*awssim.Cloud) {}, before...)
}

// tryDeployIn is tryDeploy in an account that is prepared first.
func tryDeployIn(t testing.TB, stack string, overrides map[string]string, options awssim.Options, prepare func(*awssim.Cloud), before ...func(*pulumi.Context) error) (*world, error) {
	t.Helper()
	return tryDeployOn(t, stack, overrides, options, func(cloud *awssim.Cloud, _ *mocks.Mocks) { prepare(cloud) }, before...)
}

// tryDeployOn is tryDeployIn with the account and the state of an earlier update.
func tryDeployOn(t testing.TB, stack string, overrides map[string]string, options awssim.Options, prepare func(*awssim.Cloud, *mocks.Mocks), before ...func(*pulumi.Context) error) (*world, error) {
	t.Helper()
	w := &world{outputs: map[string]any{}, secret: map[string]bool{}}
	options.Policies = map[string]string{boundaryARN: boundaryPolicy}
	options.AdminIP, options.HostedZones = adminIP, []string{"growbin.app", "dev.growbin.app"}
	options.Boot = fakeboot.New(func(machine string, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.bootErrors = append(w.bootErrors, machine+": "+err.Error())
	})
	w.cloud = awssim.New(options)
	t.Cleanup(w.cloud.Close)
	w.mocks = mocks.New(w.cloud)
	prepare(w.cloud, w.mocks)

	config := map[string]string{}
	for key, value := range readConfig(t, stack, overrides) {
		config[ConfigPrefix+key] = value
	}
	config[ConfigPrefix+"bootTimeoutMinutes"] = "1" // a longer wait is a failure
	run := func(ctx *pulumi.Context) error {
		for _, first := range before {
			if err := first(ctx); err != nil {
				return err
			}
		}
		return w.run(ctx)
	}
	err := pulumi.RunErr(run, pulumi.WithMocks("growbin", stack, w.mocks), func(info *pulumi.RunInfo) {
		info.Config = config
		for key := range testSecrets {
			info.ConfigSecretKeys = append(info.ConfigSecretKeys, ConfigPrefix+key)
		}
		info.ConfigSecretKeys = append(info.ConfigSecretKeys, ConfigPrefix+"registryPassword", ConfigPrefix+"alertUrl", ConfigPrefix+"heartbeatUrl",
			ConfigPrefix+"gitToken", ConfigPrefix+"gitDeployKey")
	})
	return w, err
}

// run builds the stack and records its outputs.
func (w *world) run(ctx *pulumi.Context) error {
	settings, err := LoadSettings(ctx)
	if err != nil {
		return err
	}
	if strings.HasPrefix(settings.PackageMirrors[mirrorKubernetes], "http://127.0.0.1:") {
		settings.Packages = packageVersions // a mirror of the test
	}
	if folder, err := os.Getwd(); err == nil && filepath.Base(folder) == "infra" { // see inProject
		if err := lockImages(ctx, settings, projectFolder); err != nil {
			return err
		}
	}
	outputs, err := build(ctx, settings)
	if err != nil {
		return err
	}
	for name, output := range outputs {
		value := pulumi.ToOutput(output)
		// The program waits for outputs of resources only, so each is read together with one.
		pulumi.All(value, outputs[OutputKubeconfig]).ApplyT(func(resolved []any) any {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.outputs[name] = resolved[0]
			w.secret[name] = pulumi.IsSecret(value)
			return nil
		})
	}
	return nil
}

// at returns a nested property by keys and indexes, e.g. "spec.template.spec.containers.0.image".
func at(t testing.TB, object resource.PropertyMap, path string) resource.PropertyValue {
	t.Helper()
	value := resource.NewObjectProperty(object)
	for _, key := range strings.Split(path, ".") {
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
		if value.IsArray() {
			var index int
			_, err := fmt.Sscan(key, &index)
			require.NoError(t, err, path)
			require.Greater(t, len(value.ArrayValue()), index, path)
			value = value.ArrayValue()[index]
			continue
		}
		require.True(t, value.IsObject(), "%s: %s is in no object", path, key)
		value = value.ObjectValue()[resource.PropertyKey(strings.ReplaceAll(key, "|", "."))]
	}
	return value
}
