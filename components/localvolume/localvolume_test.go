package localvolume

import (
	"testing"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	kindVolume = "kubernetes:core/v1:PersistentVolume"
	kindClaim  = kindVolume + "Claim"
)

func disk() Storage {
	return Storage{NodeName: "db-node", Path: "/var/lib/data", SizeGiB: 40, ClassName: pulumi.String("local-data")}
}

func volumeArgs() *VolumeArgs {
	return &VolumeArgs{Storage: disk(), Namespace: pulumi.String("data"), Claim: "db", Labels: pulumi.StringMap{"app": pulumi.String("db")}}
}

func TestClass(t *testing.T) {
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewClass(ctx, "local", &ClassArgs{Name: "local-data"})
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, classType)
	class := r.One(t, "kubernetes:storage.k8s.io/v1:StorageClass", "local")
	assert.Equal(t, "local-data", class.Value("metadata.name"))
	assert.Equal(t, "kubernetes.io/no-provisioner", class.Value("provisioner"))
	assert.Equal(t, "WaitForFirstConsumer", class.Value("volumeBindingMode"))
	assert.Equal(t, "Retain", class.Value("reclaimPolicy"))

	_, err = recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewClass(ctx, "local", &ClassArgs{})
		return err
	})
	require.ErrorContains(t, err, "local volume class local: Name: not set")
}

func newVolume(t *testing.T, args *VolumeArgs) (r *recorder.Recorder, inPod recorder.Registration) {
	t.Helper()
	r, err := recorder.RunWith(uids{}, func(ctx *pulumi.Context) error {
		v, err := NewVolume(ctx, "db", args)
		if err != nil {
			return err
		}
		_, err = core.NewPod(ctx, "db", &core.PodArgs{Spec: &core.PodSpecArgs{
			Containers: core.ContainerArray{}, Volumes: core.VolumeArray{v.PodVolume()},
		}}, pulumi.Parent(v))
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, volumeType)
	return r, r.One(t, "kubernetes:core/v1:Pod", "db")
}

// uids returns each object with a UID, as the API server does.
type uids struct{ recorder.Echo }

func (u uids) Register(r recorder.Registration) (string, resource.PropertyMap, error) {
	id, outputs, err := u.Echo.Register(r)
	if metadata, ok := outputs["metadata"]; ok && err == nil {
		all := metadata.ObjectValue().Copy()
		all["uid"] = resource.NewProperty("uid of " + r.Type)
		outputs["metadata"] = resource.NewProperty(all)
	}
	return id, outputs, err
}

func TestVolume(t *testing.T) {
	r, pod := newVolume(t, volumeArgs())
	volume, claim := r.One(t, kindVolume, "db"), r.One(t, kindClaim, "db")
	for path, want := range map[string]any{
		"metadata.name":                      "data-db",
		"spec.capacity.storage":              "40Gi",
		"spec.storageClassName":              "local-data",
		"spec.persistentVolumeReclaimPolicy": "Retain",
		"spec.local.path":                    "/var/lib/data",
		"spec.accessModes":                   []any{"ReadWriteOnce"},
		"spec.claimRef":                      nil,
		"spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions": []any{
			map[string]any{"key": "kubernetes.io/hostname", "operator": "In", "values": []any{"db-node"}},
		},
	} {
		assert.Equal(t, want, volume.Value(path), path)
	}
	assert.Equal(t, map[string]any{
		"name": "db", "namespace": "data", "labels": map[string]any{"app": "db"}, "annotations": map[string]any{"pulumi.com/skipAwait": "true"},
	}, claim.Value("metadata"))
	assert.Equal(t, map[string]any{"name": "data", "persistentVolumeClaim": map[string]any{"claimName": "db"}}, pod.Value("spec.volumes[0]"))
}

// The spec of a claim is immutable: a disk of another size must not change it.
func TestVolume_ClaimIsTheSameForEverySize(t *testing.T) {
	specs := map[int]any{}
	for _, size := range []int{1, 40, 4000} {
		args := volumeArgs()
		args.Storage.SizeGiB = size
		r, _ := newVolume(t, args)
		specs[size] = r.One(t, kindClaim, "db").Value("spec")
	}
	assert.Equal(t, map[string]any{
		"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "local-data", "volumeName": "data-db",
		"resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}},
	}, specs[40])
	assert.Equal(t, specs[1], specs[40])
	assert.Equal(t, specs[4000], specs[40])
}

// A claim that was created anew has another UID, which the volume must follow.
func TestVolume_ReservedForTheUIDOfTheClaim(t *testing.T) {
	r, _ := newVolume(t, volumeArgs())
	reservation := r.One(t, kindVolume+"Patch", "db")
	assert.Equal(t, map[string]any{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "data", "name": "db", "uid": "uid of " + kindClaim,
	}, reservation.Value("spec.claimRef"))
	assert.Equal(t, map[string]any{"name": "data-db", "annotations": map[string]any{"pulumi.com/patchForce": "true"}}, reservation.Value("metadata"))
}

func TestVolume_InvalidArgs(t *testing.T) {
	for want, change := range map[string]func(*VolumeArgs){
		"Storage.NodeName: not set":       func(a *VolumeArgs) { a.Storage.NodeName = "" },
		`Storage.Path: "data" must`:       func(a *VolumeArgs) { a.Storage.Path = "data" },
		`Storage.Path: "/" must`:          func(a *VolumeArgs) { a.Storage.Path = "/" },
		`Storage.Path: "/data/../x" must`: func(a *VolumeArgs) { a.Storage.Path = "/data/../x" },
		"Storage.SizeGiB: 0 must":         func(a *VolumeArgs) { a.Storage.SizeGiB = 0 },
		"Storage.ClassName: not set":      func(a *VolumeArgs) { a.Storage.ClassName = nil },
		"Namespace: not set":              func(a *VolumeArgs) { a.Namespace = nil },
		"Claim: not set":                  func(a *VolumeArgs) { a.Claim = "" },
	} {
		args := volumeArgs()
		change(args)
		_, err := recorder.Run(func(ctx *pulumi.Context) error {
			_, err := NewVolume(ctx, "db", args)
			return err
		})
		require.ErrorContains(t, err, want)
	}
}
