package boot

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyrbac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// roles are the ClusterRoles of the identities, as in the boot scripts.
var roles = map[kubeadm.Identity]string{
	kubeadm.Deployer: "cluster-admin", kubeadm.Admin: "cluster-admin", kubeadm.Reader: "view", kubeadm.Previewer: "view",
}

// applied is how the scripts' kubectl applies objects.
var applied = metav1.ApplyOptions{FieldManager: "kubectl", Force: true}

// publish publishes the public keys of service account tokens, and a kubeconfig for each identity.
func (a *attempt) publish(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(a.running.Admin())
	if err != nil {
		return fmt.Errorf("client for the API server: %w", err)
	}
	if err := viewNodes(ctx, client); err != nil {
		return err
	}
	if err := a.publishKeys(ctx); err != nil {
		return err
	}
	for _, identity := range append(kubeadm.Identities(), kubeadm.Deployer) {
		if err := a.publishFor(ctx, client, identity); err != nil {
			return fmt.Errorf("publish the kubeconfig of the %s: %w", identity, err)
		}
	}
	return nil
}

func (a *attempt) publishKeys(ctx context.Context) error {
	if a.node.IssuerBucket == "" {
		return nil
	}
	keys, err := a.running.TokenKeys(ctx)
	if err != nil {
		return err
	}
	if err := a.machine.PutObject(a.node.IssuerBucket, kubeadm.KeysKey, keys); err != nil {
		return fmt.Errorf("publish the keys of tokens: %w", err)
	}
	return nil
}

// publishFor binds the rights of the identity to a new group, which takes them from all that were published before.
func (a *attempt) publishFor(ctx context.Context, client kubernetes.Interface, identity kubeadm.Identity) error {
	name := a.node.Cluster + ":" + string(identity)
	group := name + ":" + strconv.FormatInt(time.Now().UnixNano(), 10)
	binding := applyrbac.ClusterRoleBinding(name).
		WithRoleRef(applyrbac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(roles[identity])).
		WithSubjects(applyrbac.Subject().WithAPIGroup(rbacv1.GroupName).WithKind(rbacv1.GroupKind).WithName(group))
	if _, err := client.RbacV1().ClusterRoleBindings().Apply(ctx, binding, applied); err != nil {
		return fmt.Errorf("bind its rights: %w", err)
	}
	kubeconfig, err := a.running.KubeconfigOf(ctx, a.node.Cluster+"-"+string(identity), group)
	if err != nil {
		return err
	}
	message, err := json.Marshal(kubeadm.KubeconfigMessage{InstanceID: a.machine.ID, Kubeconfig: string(kubeconfig)})
	if err != nil {
		return fmt.Errorf("encode the message: %w", err)
	}
	parameter := a.node.AccessPath + "/" + string(identity)
	if identity == kubeadm.Deployer {
		parameter = a.node.KubeconfigParameter
	}
	return a.put(parameter, message)
}

// Revoke simulates `publish.sh --revoke` on the machine.
func (w *World) Revoke(ctx context.Context, m Machine, identity kubeadm.Identity) error {
	node, err := userdata.ParseNode(m.UserData)
	if err != nil {
		return fmt.Errorf("the user data of %s is wrong: %w", m.ID, err)
	}
	running := w.Cluster()
	client, err := kubernetes.NewForConfig(running.Admin())
	if err != nil {
		return fmt.Errorf("client for the API server: %w", err)
	}
	return (&attempt{World: w, machine: m, node: node, running: running}).publishFor(ctx, client, identity)
}

// viewNodes lets those who may view namespaces view nodes and volumes as well.
func viewNodes(ctx context.Context, client kubernetes.Interface) error {
	read := func(groups []string, resources ...string) *applyrbac.PolicyRuleApplyConfiguration {
		return applyrbac.PolicyRule().WithAPIGroups(groups...).WithResources(resources...).WithVerbs("get", "list", "watch")
	}
	role := applyrbac.ClusterRole("view-cluster").WithLabels(map[string]string{"rbac.authorization.k8s.io/aggregate-to-view": "true"}).WithRules(
		read([]string{corev1.GroupName}, "nodes", "persistentvolumes"),
		read([]string{"storage.k8s.io", rbacv1.GroupName, "apiextensions.k8s.io"}, "*"))
	if _, err := client.RbacV1().ClusterRoles().Apply(ctx, role, applied); err != nil {
		return fmt.Errorf("role view-cluster: %w", err)
	}
	return nil
}
