// Package store deploys the pod of a data store: a StatefulSet with one replica, and its ConfigMap, Secret, volume and
// Services.
package store

import (
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// StoreArgs describes a data store. Its component has validated everything.
type StoreArgs struct {
	Namespace pulumi.StringInput `pulumi:"namespace"`
	Placement pod.Placement      `pulumi:"placement"`
	// Storage is the node's data volume; nil for a store without persistent data.
	Storage *localvolume.Storage `pulumi:"storage"`
	// Software is the value of the label app.kubernetes.io/name, e.g. "redis".
	Software string `pulumi:"software"`
	// UID is the numeric user and group of the containers.
	UID int `pulumi:"uid"`
	// GraceSeconds is the time in seconds between SIGTERM and SIGKILL.
	GraceSeconds int `pulumi:"graceSeconds"`
	// Port of the clients' Service.
	Port pod.Port `pulumi:"port"`
	// MetricsPort serves /metrics for Prometheus.
	MetricsPort int `pulumi:"metricsPort"`
	// Files of the ConfigMap.
	Files map[string]string `pulumi:"files"`
	// SecretSuffix completes the Secret's name, e.g. "users".
	SecretSuffix string `pulumi:"secretSuffix"`
	// SecretFiles of the Secret.
	SecretFiles pulumi.StringMapOutput `pulumi:"secretFiles"`
	// Volumes and Containers of the pod, given the names of the ConfigMap and the Secret.
	Volumes    func(config, secret pulumi.StringInput) core.VolumeArray `pulumi:"volumes"`
	Containers func(secret pulumi.StringInput) core.ContainerArray      `pulumi:"containers"`
}

// Store holds the names of a deployed store's objects.
type Store struct {
	Pod         pod.Pod
	StatefulSet *apps.StatefulSet
	// Config and Secret are the names of the ConfigMap and the Secret.
	Config, Secret pulumi.StringOutput
	// Volume is the persistent data; nil for a store without.
	Volume *localvolume.Volume
}

// NewStore deploys the store. It is no component of its own: its objects are children of the caller's component.
func NewStore(ctx *pulumi.Context, name string, args *StoreArgs, opts ...pulumi.ResourceOption) (*Store, error) {
	s := &Store{Pod: pod.Pod{
		Name: name, Namespace: args.Namespace, Placement: args.Placement, UID: args.UID, GraceSeconds: args.GraceSeconds,
		Labels: pod.Labels(args.Software, name, "server"), Annotations: pulumi.ToStringMap(pod.ScrapeAnnotations(args.MetricsPort)),
	}}
	var err error
	if args.Storage != nil {
		if s.Volume, err = localvolume.NewVolume(ctx, name, &localvolume.VolumeArgs{
			Storage: *args.Storage, Namespace: args.Namespace, Claim: name, Labels: s.Pod.Labels,
		}, opts...); err != nil {
			return nil, err
		}
	}
	if s.Config, err = pod.NewConfigMap(ctx, name+"-config", s.Pod, args.Files, opts...); err != nil {
		return nil, err
	}
	var checksum pulumi.StringOutput
	if s.Secret, checksum, err = pod.NewSecret(ctx, name+"-"+args.SecretSuffix, s.Pod, args.SecretFiles, opts...); err != nil {
		return nil, err
	}
	s.Pod.Annotations[pod.ChecksumAnnotation] = checksum
	s.Pod.Volumes = args.Volumes(s.Config, s.Secret)
	if s.Volume != nil {
		s.Pod.Volumes = append(s.Pod.Volumes, s.Volume.PodVolume())
	}
	s.Pod.Containers = args.Containers(s.Secret)
	if s.StatefulSet, err = apps.NewStatefulSet(ctx, name, s.Pod.StatefulSet(), opts...); err != nil {
		return nil, fmt.Errorf("create StatefulSet %s: %w", name, err)
	}
	return s, pod.NewServices(ctx, name, s.Pod, []pod.Port{args.Port}, opts...)
}
