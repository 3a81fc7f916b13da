package k8sprovider

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// settings is what the provider resource in the program says.
type settings struct {
	kubeconfig, context, clusterName, namespace         string
	deleteUnreachable, patchForce, upsert               bool
	mutableConfigMaps, mutableSecrets, serverSideRefuse bool
}

// variablePrefix is how the engine names a provider's settings.
const variablePrefix = "kubernetes:config:"

func readSettings(variables map[string]string) settings {
	text := func(key string) string { return variables[variablePrefix+key] }
	// A setting that is missing is taken from the environment, as the real plugin does (provider.go, Configure).
	on := func(key, env string) bool {
		value, set := variables[variablePrefix+key]
		if !set && env != "" {
			value = os.Getenv(env)
		}
		truth, _ := strconv.ParseBool(value)
		return truth
	}
	ssa := text("enableServerSideApply")
	return settings{
		kubeconfig:        text("kubeconfig"),
		context:           text("context"),
		clusterName:       text("cluster"),
		namespace:         text("namespace"),
		deleteUnreachable: on("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
		patchForce:        on("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
		upsert:            on("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
		mutableConfigMaps: on("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
		mutableSecrets:    on("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
		serverSideRefuse:  ssa != "" && ssa != "true",
	}
}

// versionTimeout bounds the first question to the API server.
const versionTimeout = 10 * time.Second

// Configure connects to the cluster of the kubeconfig. A cluster that does not answer is remembered, not an error: a
// preview may still be possible.
func (i *instance) Configure(
	ctx context.Context, req *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	//lint:ignore SA1019 the real plugin reads its settings from here, and every engine fills it in
	i.settings = readSettings(req.GetVariables())
	if i.settings.serverSideRefuse {
		return nil, fmt.Errorf("this stand-in for pulumi-kubernetes works by server-side apply only: leave enableServerSideApply on")
	}
	config, err := loadKubeconfig(i.settings.kubeconfig)
	if err == nil {
		i.cluster, err = connect(ctx, config, &i.settings)
	}
	i.unreachable = err
	return i.Base.Configure(ctx, req)
}

// loadKubeconfig takes the contents of a kubeconfig or, like the real plugin, a path to one.
func loadKubeconfig(pathOrContents string) (*api.Config, error) {
	if pathOrContents == "" {
		return nil, fmt.Errorf("the provider has no kubeconfig; a rehearsal never uses the one of the machine")
	}
	contents := []byte(pathOrContents)
	if !strings.Contains(pathOrContents, "\n") && !strings.HasPrefix(strings.TrimSpace(pathOrContents), "{") {
		var err error
		if contents, err = os.ReadFile(pathOrContents); err != nil {
			return nil, fmt.Errorf("read the kubeconfig: %w", err)
		}
	}
	config, err := clientcmd.Load(contents)
	if err != nil {
		return nil, fmt.Errorf("parse the kubeconfig: %w", err)
	}
	return config, nil
}
