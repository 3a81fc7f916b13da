package lab

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// objectFingerprint returns the identities of objects that survive every restart, and the contents of those that nothing may
// rewrite.
func objectFingerprint(ctx context.Context, client kubernetes.Interface) (fingerprint, error) {
	objects := fingerprint{}
	namespaces, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range namespaces.Items {
		objects["namespace "+o.Name] = string(o.UID)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range nodes.Items {
		objects["node "+o.Name] = fmt.Sprint(o.UID, o.Labels, o.Spec.Taints)
	}
	accounts, err := client.CoreV1().ServiceAccounts("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range accounts.Items {
		objects["service account "+o.Namespace+"/"+o.Name] = string(o.UID)
	}
	bindings, err := client.RbacV1().ClusterRoleBindings().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range bindings.Items {
		objects["cluster role binding "+o.Name] = fmt.Sprint(o.UID, o.ResourceVersion)
	}
	configs, err := client.CoreV1().ConfigMaps("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range configs.Items {
		objects["config map "+o.Namespace+"/"+o.Name] = fmt.Sprint(o.UID, o.Data)
	}
	return objects, nil
}

// drillObjects is how many objects are created before an instance is replaced and counted afterwards.
const drillObjects = 50

// createObjects creates the objects of a drill.
func createObjects(ctx context.Context, client kubernetes.Interface, drill string) error {
	for n := range drillObjects {
		object := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "drill-", Labels: map[string]string{"drill": drill}}, Data: map[string]string{"number": fmt.Sprint(n)},
		}
		if _, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating object %d: %w", n, err)
		}
	}
	return nil
}

// checkObjects checks that all objects of a drill exist.
func checkObjects(ctx context.Context, client kubernetes.Interface, drill string) error {
	found, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "drill=" + drill})
	if err != nil {
		return err
	}
	if len(found.Items) != drillObjects {
		return fmt.Errorf("%d of %d objects exist", len(found.Items), drillObjects)
	}
	return nil
}
