package argocd

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	kindRelease     = "kubernetes:helm.sh/v3:Release"
	kindPassword    = "random:index/randomPassword:RandomPassword"
	kindSecret      = "kubernetes:core/v1:Secret"
	kindApplication = "kubernetes:argoproj.io/v1alpha1:Application"
)

var sampleDigest = "sha256:" + strings.Repeat("a1", 32)

func sampleArgs() *ArgoCDArgs {
	return &ArgoCDArgs{
		Namespace:    pulumi.String("gitops"),
		NodeSelector: map[string]string{"role": "master"},
		Tolerations:  []corev1.Toleration{{Key: "node-role.kubernetes.io/control-plane", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}},
		Domain:       "argocd.example.com",
		NodePort:     30442,
		ImageTag:     "v3.4.4@" + sampleDigest, RedisImageTag: "8.2.3-alpine@" + sampleDigest,
		Repository: &Repository{URL: "https://git.example.com/team/apps.git", Username: "reader", Password: pulumi.String("token-of-repository")},
		Root:       &Application{Name: "root", Path: "clusters/lab", Namespace: "gitops", Prune: true},
	}
}

// knownHost is a line of known_hosts for git.example.com and a port.
const knownHost = "[git.example.com]:2222 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICdLaxEDpLxTGMrXjahHTFhDhrLzPwlpTKCKMKv7sHDM"

func sshRepository() *Repository {
	return &Repository{URL: "ssh://git@git.example.com:2222/team/apps.git", SSHKey: pulumi.String("deploy-key"), KnownHosts: knownHost}
}

func deploy(t *testing.T, args *ArgoCDArgs) *recorder.Recorder {
	t.Helper()
	r, err := tryDeploy(args)
	require.NoError(t, err)
	return r
}

func tryDeploy(args *ArgoCDArgs) (*recorder.Recorder, error) {
	return recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewArgoCD(ctx, "gitops", args)
		return err
	})
}

// released are the values of the release, with secrets opened.
func released(t *testing.T, r *recorder.Recorder) map[string]any {
	t.Helper()
	return r.Only(t, kindRelease).Value("values").(map[string]any)
}

func at(t *testing.T, values any, path ...string) any {
	t.Helper()
	for _, key := range path {
		object, ok := values.(map[string]any)
		require.True(t, ok, "%v: not an object", path)
		values, ok = object[key]
		require.True(t, ok, "%v: no %s", path, key)
	}
	return values
}

func TestNewArgoCD_Release(t *testing.T) {
	r := deploy(t, sampleArgs())
	inputs := recorder.Plain(resource.NewProperty(r.Only(t, kindRelease).Inputs)).(map[string]any)
	assert.Equal(t, "argo-cd", inputs["chart"])
	assert.Equal(t, DefaultChartVersion, inputs["version"])
	assert.Equal(t, "https://argoproj.github.io/argo-helm", at(t, inputs, "repositoryOpts", "repo"))
	assert.Equal(t, "argocd", inputs["name"], "Services are named for the release")
	assert.Equal(t, "gitops", inputs["namespace"])
	assert.EqualValues(t, 900, inputs["timeout"], "a new node pulls the images first")
}

func TestValues_EveryPodPlacedAndSized(t *testing.T) {
	values := released(t, deploy(t, sampleArgs()))
	assert.Equal(t, map[string]any{"role": "master"}, at(t, values, "global", "nodeSelector"))
	tolerations := at(t, values, "global", "tolerations").([]any)
	require.Len(t, tolerations, 1)
	assert.Equal(t, "node-role.kubernetes.io/control-plane", at(t, tolerations[0], "key"))
	for _, off := range []string{"dex", "notifications"} {
		assert.Equal(t, false, at(t, values, off, "enabled"))
	}
	for _, path := range []string{"controller", "server", "repoServer", "repoServer.copyutil", "applicationSet", "redis", "redisSecretInit"} {
		text, err := json.Marshal(at(t, values, append(strings.Split(path, "."), "resources")...))
		require.NoError(t, err)
		var resources corev1.ResourceRequirements
		require.NoError(t, json.Unmarshal(text, &resources))
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := resources.Requests[name], resources.Limits[name]
			assert.True(t, request.Sign() > 0 && request.Cmp(limit) <= 0, "%s asks for %s and gets %s of %s", path, &request, &limit, name)
		}
	}
}

// Every part but Redis has Argo CD's own image.
func TestValues_ImageTags(t *testing.T) {
	values := released(t, deploy(t, sampleArgs()))
	assert.Equal(t, map[string]any{"tag": "v3.4.4@" + sampleDigest}, at(t, values, "global", "image"))
	assert.Equal(t, map[string]any{"tag": "8.2.3-alpine@" + sampleDigest}, at(t, values, "redis", "image"))
	args := sampleArgs()
	args.ImageTag, args.RedisImageTag = "", ""
	values = released(t, deploy(t, args))
	assert.NotContains(t, at(t, values, "global"), "image", "the chart's own tag")
	assert.NotContains(t, at(t, values, "redis"), "image")
}

func TestValues_ServerInsecure(t *testing.T) {
	values := released(t, deploy(t, sampleArgs()))
	assert.Equal(t, true, at(t, values, "configs", "params", "server.insecure"))
	assert.Equal(t, "https://argocd.example.com", at(t, values, "configs", "cm", "url"), "people come over TLS")
	assert.Equal(t, map[string]any{"type": "NodePort", "nodePortHttp": 30442.0}, at(t, values, "server", "service"))
	args := sampleArgs()
	args.Domain, args.NodePort = "", 0
	closed := released(t, deploy(t, args))
	assert.NotContains(t, at(t, closed, "configs"), "cm")
	assert.NotContains(t, at(t, closed, "server"), "service")
}

func TestNewArgoCD_PasswordSecretAndHashStable(t *testing.T) {
	r := deploy(t, sampleArgs())
	password := r.Only(t, kindPassword).Name
	r.RequireHidden(t, recorder.Password(password), recorder.PasswordHash(password), "token-of-repository")
	secret := at(t, released(t, r), "configs", "secret")
	assert.Equal(t, map[string]any{
		"argocdServerAdminPassword": recorder.PasswordHash(password),
		// Without one the chart writes the time of each run.
		"argocdServerAdminPasswordMtime": DefaultPasswordChanged,
	}, secret)
	assert.ElementsMatch(t, []string{"manifest", "values"}, r.Only(t, kindRelease).AdditionalSecretOutputs)

	args := sampleArgs()
	args.PasswordChanged = "2026-05-06T07:08:09Z"
	r = deploy(t, args)
	assert.Equal(t, "2026-05-06T07:08:09Z", at(t, released(t, r), "configs", "secret", "argocdServerAdminPasswordMtime"))
	keepers := r.Only(t, kindPassword).Value("keepers")
	assert.Equal(t, map[string]any{"changed": "2026-05-06T07:08:09Z"}, keepers, "another time has to make another password")
}

func TestValues_KnownKeysOnly(t *testing.T) {
	text, err := os.ReadFile("testdata/chart-keys.txt")
	require.NoError(t, err)
	kinds := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			key, kind, _ := strings.Cut(line, " ")
			kinds[key] = kind
		}
	}
	args := sampleArgs()
	args.Repository = sshRepository()
	values, err := valuesFor(args.withDefaults(), "hash").toMap()
	require.NoError(t, err)
	used := map[string]bool{}
	checkKeys(t, "", values, kinds, used)
	for key := range kinds {
		assert.True(t, used[key], "%s is listed and not set", key)
	}
}

func checkKeys(t *testing.T, prefix string, values map[string]any, kinds map[string]string, used map[string]bool) {
	t.Helper()
	for name, value := range values {
		if strings.Contains(name, ".") {
			name = `"` + name + `"`
		}
		key := prefix + name
		kind, known := kinds[key]
		object, isObject := value.(map[string]any)
		if !known {
			require.True(t, isObject, "%s is no key of the chart", key)
			checkKeys(t, key+".", object, kinds, used)
			continue
		}
		used[key] = true
		_, isList := value.([]any)
		_, isBool := value.(bool)
		_, isString := value.(string)
		_, isNumber := value.(float64)
		is := map[string]bool{"object": isObject, "list": isList, "bool": isBool, "string": isString, "int": isNumber}
		assert.True(t, is[kind], "%s is %T and has to be a %s", key, value, kind)
	}
}

func TestNewArgoCD_RepositoryAndRoot(t *testing.T) {
	r := deploy(t, sampleArgs())
	secret := r.Only(t, kindSecret)
	assert.Equal(t, map[string]any{"argocd.argoproj.io/secret-type": "repository"}, secret.Value("metadata.labels"))
	assert.Equal(t, map[string]any{
		"type": "git", "url": "https://git.example.com/team/apps.git", "username": "reader", "password": "token-of-repository",
	}, secret.Value("stringData"))

	root := r.Only(t, kindApplication)
	spec := root.Value("spec")
	assert.Equal(t, map[string]any{"repoURL": "https://git.example.com/team/apps.git", "path": "clusters/lab", "targetRevision": "HEAD"}, at(t, spec, "source"))
	assert.Equal(t, map[string]any{"prune": true, "selfHeal": true}, at(t, spec, "syncPolicy", "automated"))
	assert.Equal(t, map[string]any{"limit": -1.0, "refresh": true}, at(t, spec, "syncPolicy", "retry"), "a repaired commit would wait for the failing one")
	assert.Equal(t, []any{"ServerSideApply=true", "Validate=false"}, at(t, spec, "syncPolicy", "syncOptions"), "an object may state some of its fields")
	assert.Equal(t, "ServerSideDiff=true", at(t, root.Value("metadata.annotations"), "argocd.argoproj.io/compare-options"))
	assert.NotContains(t, root.Value("metadata"), "finalizers", "a destroy would wait for Argo CD")
	assert.Contains(t, strings.Join(root.Dependencies, " "), kindRelease, "its kind is not there before")
	assert.Contains(t, strings.Join(root.Dependencies, " "), kindSecret, "Argo CD's first attempt would fail without the credential")

	args := sampleArgs()
	args.Repository = sshRepository()
	r = deploy(t, args)
	assert.Equal(t, map[string]any{"type": "git", "url": args.Repository.URL, "sshPrivateKey": "deploy-key"}, r.Only(t, kindSecret).Value("stringData"))
	assert.Equal(t, args.Repository.KnownHosts, at(t, released(t, r), "configs", "ssh", "extraHosts"))

	args.Repository, args.Root = nil, nil
	assert.Len(t, deploy(t, args).All(), 3, "the component, the password and the release")
}

func TestNewArgoCD_ResourcesDescendFromComponent(t *testing.T) {
	deploy(t, sampleArgs()).RequireDescend(t, typeToken)
}

func TestArgoCDArgs_AllProblemsTogether(t *testing.T) {
	args := &ArgoCDArgs{
		Domain: "Argo CD", PasswordChanged: "yesterday",
		Repository: &Repository{URL: "http://git.example.com/x", Username: "reader"},
		Root:       &Application{Name: "Root", Path: "/x"},
	}
	err := args.withDefaults().Validate()
	for _, part := range []string{
		"Namespace: not set", "NodeSelector: not set", `Domain: "Argo CD"`, `PasswordChanged: "yesterday"`,
		`Repository.URL: "http://git.example.com/x"`, `Repository.Username: "reader" must be set together with Password`,
		`Root.Name: "Root"`, `Root.Namespace: ""`, `Root.Path: "/x"`,
	} {
		assert.ErrorContains(t, err, part)
	}
	for want, spoil := range map[string]func(*ArgoCDArgs){
		"Repository: not set, must be the repository": func(a *ArgoCDArgs) { a.Repository = nil },
		"Repository.SSHKey: not set":                  func(a *ArgoCDArgs) { a.Repository = &Repository{URL: "git@github.com:x"} },
		"must hold no credentials":                    func(a *ArgoCDArgs) { a.Repository.URL = "https://me:token@git.example.com/x" },
		"Repository.SSHKey: \"(secret)\" must be nil": func(a *ArgoCDArgs) { a.Repository.SSHKey = pulumi.String("key") },
		"PasswordChanged: \"2026-05-06T07:":           func(a *ArgoCDArgs) { a.PasswordChanged = "2026-05-06T07:08:09+09:00" },
	} {
		args := sampleArgs()
		spoil(args)
		err := args.withDefaults().Validate()
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\n", "one problem only")
	}
}

func TestNewArgoCD_InvalidArgs(t *testing.T) {
	for name, args := range map[string]*ArgoCDArgs{"none": nil, "empty": {}} {
		r, err := tryDeploy(args)
		require.ErrorContains(t, err, "argocd gitops: ", name)
		assert.Empty(t, r.All(), name)
	}
}
