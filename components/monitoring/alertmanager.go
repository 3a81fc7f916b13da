package monitoring

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

const (
	alertmanagerConfigDir  = "/etc/alertmanager"
	alertmanagerConfigFile = "alertmanager.yml"
	alertmanagerDataDir    = "/alertmanager"
)

func (b *builder) alertmanager() error {
	port := pod.Port{Name: "http", Number: AlertmanagerPort}
	p := b.pod(AlertmanagerService, nobody)
	config, err := b.alertmanagerSecret(p)
	if err != nil {
		return err
	}
	volume, err := b.volume(p)
	if err != nil {
		return err
	}
	p.Volumes = corev1.VolumeArray{pod.SecretVolume("config", config)}
	p.Containers = corev1.ContainerArray{corev1.ContainerArgs{
		Name:  pulumi.String(AlertmanagerService),
		Image: pulumi.String(b.args.Images.Alertmanager),
		Args: pulumi.ToStringArray([]string{
			"--config.file=" + alertmanagerConfigDir + "/" + alertmanagerConfigFile,
			// Silences, and what was sent already.
			"--storage.path=" + alertmanagerDataDir,
			// Empty: there is no second one to talk to.
			"--cluster.listen-address=",
		}),
		Ports:           pod.ContainerPorts(port),
		Resources:       alertmanagerResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		StartupProbe:    startup("/-/ready", port.Name, 2),
		ReadinessProbe:  pod.HTTP("/-/ready", port.Name),
		LivenessProbe:   pod.HTTP("/-/healthy", port.Name),
		VolumeMounts: corev1.VolumeMountArray{
			pod.Mount("config", alertmanagerConfigDir),
			data(p, alertmanagerDataDir),
		},
	}}
	return b.statefulSet(p, port, volume, nil)
}

// alertmanagerSecret holds the configuration, since a receiver's address is in it. Pulumi names it: a changed one is a
// new one, and so is the pod.
func (b *builder) alertmanagerSecret(p pod.Pod) (pulumi.StringOutput, error) {
	var url pulumi.StringInput = pulumi.String("")
	if b.args.Receiver != nil {
		url = b.args.Receiver.URL
	}
	config := url.ToStringOutput().ApplyT(func(url string) (string, error) {
		return renderAlertmanager(b.args.Receiver, url)
	}).(pulumi.StringOutput)
	secret, err := corev1.NewSecret(b.ctx, b.name+"-"+p.Name, &corev1.SecretArgs{
		Metadata:   &metav1.ObjectMetaArgs{Namespace: p.Namespace, Labels: p.Labels},
		StringData: pulumi.StringMap{alertmanagerConfigFile: config},
	}, b.child())
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create Secret for %s: %w", p.Name, err)
	}
	return secret.Metadata.Name().Elem(), nil
}
