package monitoring

import (
	"fmt"
	"maps"
	"slices"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/pod"
)

const (
	grafanaUser = "admin"
	grafanaUID  = 472 // of Grafana's image

	passwordKey   = "admin-password"
	encryptionKey = "secret-key"
)

// grafana has no persistent data: data source and dashboards are provisioned, so that a new pod is identical. A persistent
// database would also keep the first password, regardless of later changes of the Secret.
func (b *builder) grafana() error {
	port := pod.Port{Name: "http", Number: GrafanaPort}
	p := b.pod(GrafanaService, grafanaUID)
	secret, err := b.grafanaSecret(p)
	if err != nil {
		return err
	}
	provisioning, dashboards, err := b.grafanaFiles(p)
	if err != nil {
		return err
	}
	p.Annotations = pulumi.ToStringMap(pod.ScrapeAnnotations(GrafanaPort))
	p.Volumes = core.VolumeArray{
		pod.ConfigVolume("provisioning", provisioning),
		pod.ConfigVolume("dashboards", dashboards),
		pod.Scratch("data", 256),
		pod.Scratch("tmp", 64),
	}
	p.Containers = core.ContainerArray{core.ContainerArgs{
		Name:            pulumi.String(GrafanaService),
		Image:           pulumi.String(b.args.Images.Grafana),
		Env:             grafanaEnv(b.args, secret),
		Ports:           pod.ContainerPorts(port),
		Resources:       grafanaResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		// Every start creates a database.
		StartupProbe:   startup("/api/health", port.Name, 5),
		ReadinessProbe: pod.HTTP("/api/health", port.Name),
		LivenessProbe:  pod.HTTP("/api/health", port.Name),
		VolumeMounts: core.VolumeMountArray{
			file("provisioning", provisioningDir+"/datasources/datasources.yml", "datasources.yml"),
			file("provisioning", provisioningDir+"/dashboards/dashboards.yml", "dashboards.yml"),
			pod.Mount("dashboards", dashboardsDir),
			pod.Writable("data", "/var/lib/grafana", ""),
			pod.Writable("tmp", "/tmp", ""),
		},
	}}
	if err := b.service(p, port, b.args.GrafanaNodePort); err != nil {
		return err
	}
	return b.deployment(p, p.Spec())
}

// file mounts one file of a volume.
func file(volume, path, name string) core.VolumeMountArgs {
	mount := pod.Mount(volume, path)
	mount.SubPath = pulumi.String(name)
	return mount
}

// grafanaSecret generates the administrator's password, and the encryption key in place of Grafana's public default.
func (b *builder) grafanaSecret(p pod.Pod) (*core.Secret, error) {
	passwords, err := credentials.NewPasswords(b.ctx, b.name+"-"+p.Name, []string{passwordKey, encryptionKey}, b.child())
	if err != nil {
		return nil, err
	}
	b.parent.GrafanaUser = pulumi.String(grafanaUser).ToStringOutput()
	b.parent.GrafanaPassword = passwords[passwordKey]
	secret, err := core.NewSecret(b.ctx, b.name+"-"+p.Name, &core.SecretArgs{
		// Auto-named, so that a changed Secret is a new one and restarts the pod.
		Metadata: &meta.ObjectMetaArgs{Namespace: p.Namespace, Labels: p.Labels},
		StringData: pulumi.StringMap{
			passwordKey:   passwords[passwordKey],
			encryptionKey: passwords[encryptionKey],
		},
	}, b.child())
	if err != nil {
		return nil, fmt.Errorf("create Secret for %s: %w", p.Name, err)
	}
	return secret, nil
}

func (b *builder) grafanaFiles(p pod.Pod) (provisioning, dashboards pulumi.StringOutput, err error) {
	none := pulumi.StringOutput{}
	datasources, err := renderDatasources(b.args)
	if err != nil {
		return none, none, err
	}
	providers, err := renderDashboardProviders(b.args)
	if err != nil {
		return none, none, err
	}
	boards, err := b.args.provisionedDashboards()
	if err != nil {
		return none, none, err
	}
	provisioning, err = pod.NewConfigMap(b.ctx, b.name+"-"+p.Name, p, map[string]string{
		"datasources.yml": datasources, "dashboards.yml": providers,
	}, b.child())
	if err != nil {
		return none, none, err
	}
	dashboards, err = pod.NewConfigMap(b.ctx, b.name+"-"+p.Name+"-dashboards", p, boards, b.child())
	return provisioning, dashboards, err
}

// grafanaSettings returns Grafana's settings as environment variables GF_<section>_<key>
// (grafana.com/docs/grafana/latest/setup-grafana/configure-grafana).
func grafanaSettings(a *MonitoringArgs) map[string]string {
	settings := map[string]string{
		"GF_SECURITY_ADMIN_USER":             grafanaUser,
		"GF_AUTH_ANONYMOUS_ENABLED":          "false",
		"GF_USERS_ALLOW_SIGN_UP":             "false",
		"GF_SNAPSHOTS_EXTERNAL_ENABLED":      "false",
		"GF_ANALYTICS_REPORTING_ENABLED":     "false",
		"GF_ANALYTICS_CHECK_FOR_UPDATES":     "false",
		"GF_SECURITY_COOKIE_SAMESITE":        "strict",
		"GF_SECURITY_DISABLE_GRAVATAR":       "true",
		"GF_PLUGINS_PREINSTALL_DISABLED":     "true", // plugins would be downloaded at every start
		"GF_PLUGINS_PLUGIN_ADMIN_ENABLED":    "false",
		"GF_LOG_MODE":                        "console",
		"GF_PATHS_PROVISIONING":              provisioningDir,
		"GF_DASHBOARDS_MIN_REFRESH_INTERVAL": "30s",
	}
	if a.GrafanaURL != "" {
		settings["GF_SERVER_ROOT_URL"] = a.GrafanaURL
	}
	if https(a.GrafanaURL) {
		// Over plain HTTP, browsers would not return the cookie, and nobody could sign in.
		settings["GF_SECURITY_COOKIE_SECURE"] = "true"
	}
	return settings
}

// grafanaEnv is sorted: a changed order would start a new pod.
func grafanaEnv(a *MonitoringArgs, secret *core.Secret) core.EnvVarArray {
	settings := grafanaSettings(a)
	env := core.EnvVarArray{
		fromSecret("GF_SECURITY_ADMIN_PASSWORD", secret, passwordKey),
		fromSecret("GF_SECURITY_SECRET_KEY", secret, encryptionKey),
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		env = append(env, core.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(settings[name])})
	}
	return env
}

func fromSecret(name string, secret *core.Secret, key string) core.EnvVarArgs {
	return core.EnvVarArgs{Name: pulumi.String(name), ValueFrom: &core.EnvVarSourceArgs{
		SecretKeyRef: &core.SecretKeySelectorArgs{Name: secret.Metadata.Name(), Key: pulumi.String(key)},
	}}
}
