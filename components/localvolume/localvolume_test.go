package localvolume

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

func disk() Storage {
	return Storage{NodeName: "db-node", Path: "/var/lib/data", SizeGiB: 40, ClassName: pulumi.String("local-data")}
}

func volumeArgs() *VolumeArgs {
	return &VolumeArgs{Storage: disk(), Namespace: pulumi.String("data"), StatefulSet: "db"}
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

func TestVolume(t *testing.T) {
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		v, err := NewVolume(ctx, "db", volumeArgs())
		if err == nil {
			assert.Equal(t, "data-db-0", v.ClaimName)
		}
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, volumeType)
	volume := r.One(t, "kubernetes:core/v1:PersistentVolume", "db")
	for path, want := range map[string]any{
		"metadata.name":                      "data-db",
		"spec.capacity.storage":              "40Gi",
		"spec.storageClassName":              "local-data",
		"spec.persistentVolumeReclaimPolicy": "Retain",
		"spec.local.path":                    "/var/lib/data",
		"spec.accessModes":                   []any{"ReadWriteOnce"},
		"spec.claimRef":                      map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "data", "name": "data-db-0"},
		"spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions": []any{
			map[string]any{"key": "kubernetes.io/hostname", "operator": "In", "values": []any{"db-node"}},
		},
	} {
		assert.Equal(t, want, volume.Value(path), path)
	}
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
		"StatefulSet: not set":            func(a *VolumeArgs) { a.StatefulSet = "" },
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
