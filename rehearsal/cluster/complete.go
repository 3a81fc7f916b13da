package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
)

// adminGroup is the group of kubeadm's admin.conf.
const adminGroup = "kubeadm:cluster-admins"

// bindAdmins gives admin.conf its rights. kubeadm does it in passing when it uses the admin.conf of its own host,
// which is not the one used here.
func (c *Cluster) bindAdmins(ctx context.Context) error {
	_, err := c.client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: adminGroup},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: adminGroup}},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("giving admin.conf its rights: %w", err)
	}
	// As the boot scripts do.
	return os.Remove(c.layout.kubeconfig("super-admin.conf"))
}

// uploadConfig stores the machine's unchanged configuration in the cluster, for later joins and upgrades.
func (c *Cluster) uploadConfig(ctx context.Context) error {
	_, err := c.kubeadm(ctx, "init", "phase", "upload-config", "all", "--config", c.layout.host(configPath), "--kubeconfig", c.layout.kubeconfig("admin.conf"))
	return err
}

// Complete runs the phases of `kubeadm init` that follow the registration of the control plane's own node: it marks the
// node, prepares bootstrap tokens and installs CoreDNS and kube-proxy. It then defines the kind of Calico's operator. On a
// recovered cluster it changes nothing.
func (c *Cluster) Complete(ctx context.Context) error {
	if err := c.markControlPlane(ctx); err != nil {
		return err
	}
	config, admin := c.layout.host(configPath), c.layout.kubeconfig("admin.conf")
	if _, err := c.kubeadm(ctx, "init", "phase", "bootstrap-token", "--config", config, "--kubeconfig", admin, "--skip-token-print"); err != nil {
		return err
	}
	if err := c.closeBootstrap(ctx); err != nil {
		return err
	}
	// The addons may be patched, and the patches lie on this host.
	if _, err := c.kubeadm(ctx, "init", "phase", "addon", "all", "--config", c.layout.host(hostConfigPath), "--kubeconfig", admin); err != nil {
		return err
	}
	return DefineCalico(ctx, c.admin)
}

// controlPlaneLabels are those of kubeadm's mark-control-plane phase. That phase knows no other kubeconfig than
// /etc/kubernetes/admin.conf, so it is done here in its place.
var controlPlaneLabels = []string{"node-role.kubernetes.io/control-plane", "node.kubernetes.io/exclude-from-external-load-balancers"}

func (c *Cluster) markControlPlane(ctx context.Context) error {
	nodes := c.client.CoreV1().Nodes()
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		node, err := nodes.Get(ctx, c.machine.nodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, label := range controlPlaneLabels {
			metav1.SetMetaDataLabel(&node.ObjectMeta, label, "")
		}
		for _, taint := range c.machine.taints {
			if !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) }) {
				node.Spec.Taints = append(node.Spec.Taints, taint)
			}
		}
		_, err = nodes.Update(ctx, node, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("marking node %s as control plane: %w", c.machine.nodeName, err)
	}
	return nil
}

// closeBootstrap removes all that kubeadm leaves for joining with a token, as the boot scripts do.
func (c *Cluster) closeBootstrap(ctx context.Context) error {
	var problems []error
	for _, name := range []string{"kubeadm:kubelet-bootstrap", "kubeadm:node-autoapprove-bootstrap", "kubeadm:get-nodes"} {
		problems = append(problems, c.client.RbacV1().ClusterRoleBindings().Delete(ctx, name, metav1.DeleteOptions{}))
	}
	problems = append(problems,
		c.client.RbacV1().RoleBindings(metav1.NamespacePublic).Delete(ctx, "kubeadm:bootstrap-signer-clusterinfo", metav1.DeleteOptions{}),
		c.client.CoreV1().Secrets(metav1.NamespaceSystem).DeleteCollection(ctx, metav1.DeleteOptions{},
			metav1.ListOptions{FieldSelector: "type=bootstrap.kubernetes.io/token"}),
		c.restoreClusterInfo(ctx))
	if err := errors.Join(slices.DeleteFunc(problems, apierrors.IsNotFound)...); err != nil {
		return fmt.Errorf("closing the way to join with a token: %w", err)
	}
	return nil
}

// restoreClusterInfo puts the API server's real address into the cluster-info that joining nodes read: kubeadm
// copied it from an admin.conf that points at loopback.
func (c *Cluster) restoreClusterInfo(ctx context.Context) error {
	maps := c.client.CoreV1().ConfigMaps(metav1.NamespacePublic)
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		info, err := maps.Get(ctx, "cluster-info", metav1.GetOptions{})
		if err != nil {
			return err
		}
		config, err := clientcmd.Load([]byte(info.Data["kubeconfig"]))
		if err != nil {
			return err
		}
		for _, cluster := range config.Clusters {
			cluster.Server, cluster.TLSServerName = c.server, ""
		}
		content, err := clientcmd.Write(*config)
		if err != nil {
			return err
		}
		info.Data["kubeconfig"] = string(content)
		_, err = maps.Update(ctx, info, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("putting the API server's address into cluster-info: %w", err)
	}
	return nil
}
