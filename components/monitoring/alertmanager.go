package monitoring

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
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
	p.Volumes = core.VolumeArray{pod.SecretVolume("config", config)}
	p.Containers = core.ContainerArray{core.ContainerArgs{
		Name:  pulumi.String(AlertmanagerService),
		Image: pulumi.String(b.args.Images.Alertmanager),
		Args: pulumi.ToStringArray([]string{
			"--config.file=" + alertmanagerConfigDir + "/" + alertmanagerConfigFile,
			// Silences and the notification log.
			"--storage.path=" + alertmanagerDataDir,
			// Empty, since there is no second replica.
			"--cluster.listen-address=",
		}),
		Ports:           pod.ContainerPorts(port),
		Resources:       alertmanagerResources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		StartupProbe:    startup("/-/ready", port.Name, 2),
		ReadinessProbe:  pod.HTTP("/-/ready", port.Name),
		LivenessProbe:   pod.HTTP("/-/healthy", port.Name),
		VolumeMounts: core.VolumeMountArray{
			pod.Mount("config", alertmanagerConfigDir),
			data(p, alertmanagerDataDir),
		},
	}}
	return b.statefulSet(p, port, volume, nil)
}

// alertmanagerSecret contains the configuration, which includes the receiver's credential. It is auto-named, so that a
// changed Secret is a new one and restarts the pod.
func (b *builder) alertmanagerSecret(p pod.Pod) (pulumi.StringOutput, error) {
	var url, heartbeat pulumi.StringInput = pulumi.String(""), pulumi.String("")
	if b.args.Receiver != nil {
		url = b.args.Receiver.URL
	}
	if b.args.HeartbeatURL != nil {
		heartbeat = b.args.HeartbeatURL
	}
	config := pulumi.All(url, heartbeat).ApplyT(func(urls []any) (string, error) {
		return renderAlertmanager(b.args.Receiver, urls[0].(string), urls[1].(string))
	}).(pulumi.StringOutput)
	secret, err := core.NewSecret(b.ctx, b.name+"-"+p.Name, &core.SecretArgs{
		Metadata:   &meta.ObjectMetaArgs{Namespace: p.Namespace, Labels: p.Labels},
		StringData: pulumi.StringMap{alertmanagerConfigFile: config},
	}, b.child())
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create Secret for %s: %w", p.Name, err)
	}
	return secret.Metadata.Name().Elem(), nil
}
