package monitoring

import (
	"fmt"
	"sort"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
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

// grafana keeps nothing: data source and dashboards are provisioned, so that a lost pod comes back the same. With a
// database of its own it would also keep its first password, whatever the Secret says later.
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
	p.Annotations = pod.Scrape(GrafanaPort)
	p.Volumes = corev1.VolumeArray{
		pod.ConfigVolume("provisioning", provisioning),
		pod.ConfigVolume("dashboards", dashboards),
		pod.Scratch("data", 256),
		pod.Scratch("tmp", 64),
	}
	p.Containers = corev1.ContainerArray{corev1.ContainerArgs{
		Name:            pulumi.String(GrafanaService),
		Image:           pulumi.String(b.args.Images.Grafana),
		Env:             grafanaEnv(b.args, secret),
		Ports:           pod.ContainerPorts(port),
		Resources:       grafanaResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		// Its first start makes a database.
		StartupProbe:   startup("/api/health", port.Name, 5),
		ReadinessProbe: pod.HTTP("/api/health", port.Name),
		LivenessProbe:  pod.HTTP("/api/health", port.Name),
		VolumeMounts: corev1.VolumeMountArray{
			file("provisioning", provisioningDir+"/datasources/datasources.yml", "datasources.yml"),
			file("provisioning", provisioningDir+"/dashboards/dashboards.yml", "dashboards.yml"),
			pod.Mount("dashboards", dashboardsDir),
			pod.Writable("data", "/var/lib/grafana", ""),
			pod.Writable("tmp", "/tmp", ""),
		},
	}}
	if err := b.service(p, port); err != nil {
		return err
	}
	return b.deployment(p, p.Spec())
}

// file mounts one file of a volume.
func file(volume, path, name string) corev1.VolumeMountArgs {
	mount := pod.Mount(volume, path)
	mount.SubPath = pulumi.String(name)
	return mount
}

// grafanaSecret generates the password of the first user, and the key that Grafana encrypts with, which it would
// otherwise take from its public defaults.
func (b *builder) grafanaSecret(p pod.Pod) (*corev1.Secret, error) {
	passwords, err := credentials.NewPasswords(b.ctx, b.name+"-"+p.Name, []string{passwordKey, encryptionKey}, b.child())
	if err != nil {
		return nil, err
	}
	b.parent.GrafanaUser = pulumi.String(grafanaUser).ToStringOutput()
	b.parent.GrafanaPassword = passwords[passwordKey]
	secret, err := corev1.NewSecret(b.ctx, b.name+"-"+p.Name, &corev1.SecretArgs{
		// Pulumi names it: a changed one is a new one, and so is the pod.
		Metadata: &metav1.ObjectMetaArgs{Namespace: p.Namespace, Labels: p.Labels},
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
	boards, err := renderDashboards(b.args)
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

// grafanaSettings are Grafana's, as environment variables GF_<section>_<key>
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
		"GF_PLUGINS_PREINSTALL_DISABLED":     "true", // would be fetched from the internet at each start
		"GF_PLUGINS_PLUGIN_ADMIN_ENABLED":    "false",
		"GF_LOG_MODE":                        "console",
		"GF_PATHS_PROVISIONING":              provisioningDir,
		"GF_DASHBOARDS_MIN_REFRESH_INTERVAL": "30s",
	}
	if a.GrafanaURL != "" {
		settings["GF_SERVER_ROOT_URL"] = a.GrafanaURL
	}
	if https(a.GrafanaURL) {
		// Over plain HTTP a browser would not send the cookie back, and nobody could sign in.
		settings["GF_SECURITY_COOKIE_SECURE"] = "true"
	}
	return settings
}

// grafanaEnv is sorted: a changed order would start a new pod.
func grafanaEnv(a *MonitoringArgs, secret *corev1.Secret) corev1.EnvVarArray {
	settings := grafanaSettings(a)
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	sort.Strings(names)
	env := corev1.EnvVarArray{
		fromSecret("GF_SECURITY_ADMIN_PASSWORD", secret, passwordKey),
		fromSecret("GF_SECURITY_SECRET_KEY", secret, encryptionKey),
	}
	for _, name := range names {
		env = append(env, corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(settings[name])})
	}
	return env
}

func fromSecret(name string, secret *corev1.Secret, key string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: &corev1.EnvVarSourceArgs{
		SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: secret.Metadata.Name(), Key: pulumi.String(key)},
	}}
}
