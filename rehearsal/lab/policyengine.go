package lab

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/rehearsal/lab/image"
	"github.com/growbin/cluster/rehearsal/lab/rootfs"
	"github.com/growbin/cluster/rehearsal/tools"
)

// policyEngine is the name of the program that enforces NetworkPolicies, in place of Calico, and of its objects.
const (
	policyEngine = "kube-router"
	policyImage  = "lab/kube-router:2"
)

// policyImage returns the image of kube-router: its program, and those that it runs.
func (l *Lab) policyImage(ctx context.Context) (image.Image, error) {
	builder, err := l.builder()
	if err != nil {
		return image.Image{}, err
	}
	built, err := builder.Build(ctx, tools.KubeRouter())
	if err != nil {
		return image.Image{}, err
	}
	files, err := iptables(l.base)
	return image.Image{
		Name: policyImage, Entrypoint: []string{"/usr/local/bin/kube-router"}, Files: append(files, rootfs.Program("/usr/local/bin/kube-router", built[policyEngine])),
		Environment: []string{"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	}, err
}

// startPolicyEngine runs kube-router on every node. It neither routes nor serves Services: the lab and kube-proxy do.
func (w *whole) startPolicyEngine(ctx context.Context) error {
	meta := metav1.ObjectMeta{Name: policyEngine, Namespace: metav1.NamespaceSystem}
	labels := map[string]string{"app.kubernetes.io/name": policyEngine}
	service := w.settings.ServiceCIDR
	pod := corev1.PodSpec{
		ServiceAccountName: policyEngine, HostNetwork: true, PriorityClassName: "system-node-critical",
		Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
		Containers: []corev1.Container{{
			Name: policyEngine, Image: registryAddress + "/" + policyImage,
			Args: []string{
				"--run-router=false", "--run-service-proxy=false", "--run-loadbalancer=false", "--run-firewall=true",
				"--service-cluster-ip-range=" + service, "--cache-sync-timeout=5m",
			},
			Env:             []corev1.EnvVar{{Name: "NODE_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}}}},
			SecurityContext: &corev1.SecurityContext{Privileged: new(true)},
			VolumeMounts:    []corev1.VolumeMount{{Name: "lock", MountPath: "/run/xtables.lock"}},
		}},
		Volumes: []corev1.Volume{{Name: "lock", VolumeSource: corev1.VolumeSource{
			HostPath: &corev1.HostPathVolumeSource{Path: "/run/xtables.lock", Type: new(corev1.HostPathFileOrCreate)},
		}}},
	}
	reads := []string{"get", "list", "watch"}
	var err error
	create := func(create func() error) {
		if err == nil {
			if err = create(); apierrors.IsAlreadyExists(err) {
				err = nil
			}
		}
	}
	options := metav1.CreateOptions{}
	create(func() error {
		_, err := w.client.CoreV1().ServiceAccounts(meta.Namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, options)
		return err
	})
	create(func() error {
		_, err := w.client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: policyEngine}, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"namespaces", "pods", "services", "nodes", "endpoints"}, Verbs: reads},
			{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: reads},
			{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: reads},
		}}, options)
		return err
	})
	create(func() error {
		_, err := w.client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: policyEngine},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: policyEngine},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: policyEngine, Namespace: meta.Namespace}},
		}, options)
		return err
	})
	create(func() error {
		_, err := w.client.AppsV1().DaemonSets(meta.Namespace).Create(ctx, &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		}}, options)
		return err
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", policyEngine, err)
	}
	return nil
}

// requirePolicyEngine is an error unless kube-router runs on every node.
func (w *whole) requirePolicyEngine(ctx context.Context) error {
	set, err := w.client.AppsV1().DaemonSets(metav1.NamespaceSystem).Get(ctx, policyEngine, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if ready := int(set.Status.NumberReady); ready != len(w.settings.Nodes) {
		return fmt.Errorf("%s runs on %d of %d nodes", policyEngine, ready, len(w.settings.Nodes))
	}
	return nil
}
