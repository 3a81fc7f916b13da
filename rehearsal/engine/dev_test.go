package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	kubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8sprovider"
	"github.com/growbin/cluster/rehearsal/randomprovider"
)

func program(ctx *pulumi.Context) error {
	pw, err := random.NewRandomPassword(ctx, "pw", &random.RandomPasswordArgs{Length: pulumi.Int(20), Special: pulumi.Bool(false)})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(config.Require(ctx, "kubeconfigFile"))
	if err != nil {
		return err
	}
	kubeconfig := pw.Result.ApplyT(func(string) string { return string(text) }).(pulumi.StringOutput)
	p, err := kubernetes.NewProvider(ctx, "k8s", &kubernetes.ProviderArgs{Kubeconfig: kubeconfig, ClusterIdentifier: pulumi.String("x")})
	if err != nil {
		return err
	}
	o := pulumi.Provider(p)
	ns, err := corev1.NewNamespace(ctx, "app", &corev1.NamespaceArgs{Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String("app")}}, o)
	if err != nil {
		return err
	}
	secret, err := corev1.NewSecret(ctx, "db", &corev1.SecretArgs{
		Metadata:   &metav1.ObjectMetaArgs{Namespace: ns.Metadata.Name()},
		StringData: pulumi.StringMap{"password": pw.Result},
	}, o)
	if err != nil {
		return err
	}
	if _, err := corev1.NewNodePatch(ctx, "role", &corev1.NodePatchArgs{Metadata: &metav1.ObjectMetaPatchArgs{
		Name: pulumi.String("node-1"), Labels: pulumi.StringMap{"node-role.kubernetes.io/api": pulumi.String("")},
	}}, o); err != nil {
		return err
	}
	labels := pulumi.StringMap{"app.kubernetes.io/name": pulumi.String("web")}
	d, err := appsv1.NewDeployment(ctx, "web", &appsv1.DeploymentArgs{
		Metadata: &metav1.ObjectMetaArgs{Namespace: ns.Metadata.Name(), Name: pulumi.String("web"), Labels: labels},
		Spec: &appsv1.DeploymentSpecArgs{Replicas: pulumi.Int(3), Selector: &metav1.LabelSelectorArgs{MatchLabels: labels},
			Template: &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: labels}, Spec: &corev1.PodSpecArgs{
				NodeSelector: pulumi.StringMap{"disk": pulumi.String("d1")},
				Containers: corev1.ContainerArray{&corev1.ContainerArgs{Name: pulumi.String("web"), Image: pulumi.String("nginx:1"),
					Ports:     corev1.ContainerPortArray{&corev1.ContainerPortArgs{ContainerPort: pulumi.Int(8000)}},
					EnvFrom:   corev1.EnvFromSourceArray{&corev1.EnvFromSourceArgs{SecretRef: &corev1.SecretEnvSourceArgs{Name: secret.Metadata.Name()}}},
					Resources: &corev1.ResourceRequirementsArgs{Requests: pulumi.StringMap{"cpu": pulumi.String("0.1"), "memory": pulumi.String("1024Mi")}}}}}}},
	}, o)
	if err != nil {
		return err
	}
	if _, err := corev1.NewService(ctx, "web", &corev1.ServiceArgs{Metadata: &metav1.ObjectMetaArgs{Namespace: ns.Metadata.Name(), Name: pulumi.String("web")},
		Spec: &corev1.ServiceSpecArgs{Selector: labels, Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{Port: pulumi.Int(80), TargetPort: pulumi.Int(8000)}}}}, o); err != nil {
		return err
	}
	if _, err := helmv3.NewRelease(ctx, "argocd", &helmv3.ReleaseArgs{Chart: pulumi.String("argo-cd"), Version: pulumi.String("10.1.1")}, o); err != nil {
		return err
	}
	ctx.Export("kubeconfig", pulumi.ToSecret(kubeconfig))
	ctx.Export("uid", d.Metadata.Uid())
	return nil
}

func TestDev(t *testing.T) {
	ctx := context.Background()
	k := k8sprovider.New(0)
	ks, err := k.Serve(ctx)
	require.NoError(t, err)
	rs, err := randomprovider.Serve(ctx)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: sample\nruntime: go\nmain: infra\nconfig:\n  kubeconfigFile:\n    type: string\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dev.yaml"), []byte("config: {}\n"), 0o600))
	e, err := engine.Open(ctx, engine.Options{Project: dir, Stack: "dev", Pulumi: "/tmp/warm/pulumi", State: "/tmp/devk/state", Program: program,
		Providers: map[string]int{"kubernetes": ks.Port, "random": rs.Port}, Config: map[string]string{"sample:kubeconfigFile": "/tmp/devk/kubeconfig"}, Out: os.Stdout, Color: "never"})
	require.NoError(t, err)
	for _, f := range []func(context.Context, string) (engine.Result, error){e.Preview, e.Up, e.Up, e.Refresh, e.Up, e.Destroy} {
		r, err := f(ctx, "op")
		t.Logf("%+v", r)
		require.NoError(t, err)
	}
	left, err := e.Left(ctx)
	t.Log(left, err, k.NotInstalled())
}
