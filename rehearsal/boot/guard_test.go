package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/nodelabels"
	"github.com/growbin/cluster/internal/nodecommand"
	"github.com/growbin/cluster/rehearsal/internal/testwait"
)

// identityOf is a client with the kubeconfig that lies in the parameter now.
func identityOf(t *testing.T, a *account, w *World, parameter string) kubernetes.Interface {
	t.Helper()
	var message kubeadm.KubeconfigMessage
	require.NoError(t, json.Unmarshal([]byte(a.get(parameter)), &message))
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(message.Kubeconfig))
	require.NoError(t, err)
	config.Host, config.ServerName = w.Cluster().Admin().Host, "master"
	return client(t, config)
}

func secretOf(t *testing.T, client kubernetes.Interface, value string) string {
	t.Helper()
	made, err := client.CoreV1().Secrets("default").Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "guarded-"}, StringData: map[string]string{"key": value},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	return made.Name
}

// raw is the content of all files below a folder.
func raw(t *testing.T, folder string) []byte {
	t.Helper()
	var all bytes.Buffer
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	}))
	return all.Bytes()
}

// TestGuard asks the questions of an attacker of a real control plane with the program's own configuration.
func TestGuard(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	ctx := t.Context()
	first := controlPlaneMachine(t, a, "i-1", "vol-1")
	require.NoError(t, w.Boot(ctx, first))
	admin := admin(t, w)
	const value = "canary-7d1f0a93"
	name := secretOf(t, admin, value)

	t.Run("anonymous requests end at the probes", func(t *testing.T) {
		anonymous := client(t, rest.AnonymousClientConfig(w.Cluster().Admin())).Discovery().RESTClient()
		for path, want := range map[string]int{
			"/livez": 200, "/readyz": 200, "/healthz": 200, "/readyz/etcd": 401, "/api": 401, "/apis": 401, "/version": 401, "/openapi/v3": 401,
			"/api/v1/namespaces/kube-public/configmaps/cluster-info": 401, "/metrics": 401, "/.well-known/openid-configuration": 401,
		} {
			var status int
			anonymous.Get().AbsPath(path).Do(ctx).StatusCode(&status)
			assert.Equal(t, want, status, path)
		}
	})

	t.Run("a Secret is encrypted in etcd's files and in a backup, whose key is elsewhere", func(t *testing.T) {
		volume := w.volumeDir("vol-1")
		files := raw(t, filepath.Join(volume, "etcd"))
		require.Contains(t, string(files), "/registry/secrets/default/"+name, "the test does not see the Secret")
		require.Contains(t, string(files), "k8s:enc:secretbox:v1:")
		require.NotContains(t, string(files), value)
		_, err := w.Backup(ctx, first)
		require.NoError(t, err)
		_, parts, err := unpack(a.objects[kubeadm.BackupLatest])
		require.NoError(t, err)
		keys, err := os.ReadFile(filepath.Join(volume, kubeadm.EncryptionDir, kubeadm.EncryptionFile))
		require.NoError(t, err)
		require.Equal(t, a.get(kubeadm.EncryptionParameter(clusterName)), string(keys))
		for part, content := range parts {
			require.NotContains(t, string(content), value, part)
			require.NotContains(t, string(content), string(keys), part)
		}
	})

	t.Run("the audit log tells who read a Secret, without its value, and no noise", func(t *testing.T) {
		_, err := admin.CoreV1().Secrets("default").Get(ctx, name, metav1.GetOptions{})
		require.NoError(t, err)
		log := w.Cluster().File(kubeadm.AuditLog)
		var text string
		testwait.Until(t, func(context.Context) error {
			content, err := os.ReadFile(log)
			text = string(content)
			if err == nil && !strings.Contains(text, `"verb":"get","user":{"username":"kubernetes-admin"`) {
				err = assert.AnError
			}
			return err
		})
		require.Contains(t, text, "/api/v1/namespaces/default/secrets/"+name)
		require.NotContains(t, text, value)
		require.NotContains(t, text, `"resource":"leases"`)
		require.NotContains(t, text, `"requestURI":"/readyz"`)
		lines := strings.Count(text, "\n")
		t.Logf("%d lines, %d bytes", lines, len(text))
	})

	t.Run("growbin's commands run, and no others", func(t *testing.T) {
		out, err := w.Command(ctx, first, nodecommand.Audit(1, "default/secrets/"+name))
		require.NoError(t, err)
		require.Contains(t, out, " 200 kubernetes-admin get default/secrets/"+name)
		delete(a.objects, kubeadm.BackupLatest)
		_, err = w.Command(ctx, first, kubeadm.BackupCommand)
		require.NoError(t, err)
		require.Contains(t, a.objects, kubeadm.BackupLatest)
		for _, command := range []string{"", "hostname", kubeadm.BackupCommand + "; id", kubeadm.RevokeCommand(""), kubeadm.RevokeCommand("root")} {
			_, err = w.Command(ctx, first, command)
			require.ErrorContains(t, err, "no simulation of the command "+command)
		}
		other := first
		other.ID = "i-9"
		_, err = w.Command(ctx, other, kubeadm.BackupCommand)
		require.ErrorContains(t, err, "i-9 runs none")
	})

	t.Run("each identity has its own rights, and a leaked one loses them", func(t *testing.T) {
		may := func(client kubernetes.Interface) bool {
			_, err := client.CoreV1().Secrets("default").Get(ctx, name, metav1.GetOptions{})
			require.True(t, err == nil || apierrors.IsForbidden(err), "%v", err)
			return err == nil
		}
		for _, identity := range []kubeadm.Identity{kubeadm.Reader, kubeadm.Previewer} {
			reader := identityOf(t, a, w, kubeadm.AccessParameter(clusterName, identity))
			assert.False(t, may(reader), identity)
			testwait.Until(t, func(context.Context) error { // the controller manager aggregates the role
				_, err := reader.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
				return err
			})
			_, err := reader.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
			require.NoError(t, err)
			_, err = reader.CoreV1().ServiceAccounts("kube-system").CreateToken(ctx, "namespace-controller", nil, metav1.CreateOptions{})
			assert.True(t, apierrors.IsForbidden(err), "%v", err)
			_, err = reader.CoreV1().Nodes().Patch(ctx, "master", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{})
			assert.True(t, apierrors.IsForbidden(err), "%v", err)
		}
		leaked := identityOf(t, a, w, kubeadm.AccessParameter(clusterName, kubeadm.Admin))
		pulumi := identityOf(t, a, w, kubeadm.KubeconfigParameter(clusterName))
		require.True(t, may(leaked))
		_, err := w.Command(ctx, first, kubeadm.RevokeCommand(kubeadm.Admin))
		require.NoError(t, err)
		testwait.Until(t, func(context.Context) error {
			if may(leaked) {
				return assert.AnError
			}
			return nil
		})
		assert.True(t, may(identityOf(t, a, w, kubeadm.AccessParameter(clusterName, kubeadm.Admin))))
		assert.True(t, may(pulumi))
	})

	t.Run("super-admin.conf is gone", func(t *testing.T) {
		found, err := filepath.Glob(filepath.Join(w.machineDir("i-1"), "run", "root", "etc", "kubernetes", "*.conf"))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		for _, path := range found {
			assert.NotContains(t, path, "super-admin")
		}
	})

	t.Run("a node moves neither its taints nor restricted labels", func(t *testing.T) {
		node := client(t, nodeIdentity(t, w, workerMachine(t, a, "i-2", "storage", "10.0.1.5"), "storage"))
		_, err := node.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "storage"}, Spec: corev1.NodeSpec{
			Taints: []corev1.Taint{{Key: "dedicated", Value: "storage", Effect: corev1.TaintEffectNoSchedule}},
		}}, metav1.CreateOptions{})
		require.NoError(t, err)
		for _, patch := range []string{
			`{"spec":{"taints":[{"key":"dedicated","value":"ai","effect":"NoSchedule"}]}}`, `{"spec":{"taints":null}}`,
			`{"metadata":{"labels":{"node-restriction.kubernetes.io/any":"a"}}}`,
		} {
			_, err := node.CoreV1().Nodes().Patch(ctx, "storage", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			assert.True(t, apierrors.IsForbidden(err), "%s: %v", patch, err)
		}
		err = node.CoreV1().Nodes().Delete(ctx, "storage", metav1.DeleteOptions{})
		assert.True(t, apierrors.IsForbidden(err), "it could come back with other taints: %v", err)
	})

	t.Run("a node changes no label that places pods", func(t *testing.T) {
		keepLabels(t, admin)
		node := client(t, nodeIdentity(t, w, workerMachine(t, a, "i-2", "storage", "10.0.1.5"), "storage"))
		patch := func(text string, sub ...string) error {
			_, err := node.CoreV1().Nodes().Patch(ctx, "storage", types.MergePatchType, []byte(text), metav1.PatchOptions{}, sub...)
			return err
		}
		_, err := admin.CoreV1().Nodes().Patch(ctx, "storage", types.MergePatchType, []byte(`{"metadata":{"labels":{"workload":"storage","kubernetes.io/hostname":"storage"}}}`), metav1.PatchOptions{})
		require.NoError(t, err)
		tries := 0
		testwait.Until(t, func(context.Context) error { // the API server begins to apply the policy
			tries++
			if err := patch(fmt.Sprintf(`{"metadata":{"labels":{"probe":"%d"}}}`, tries)); err == nil {
				return assert.AnError
			}
			return nil
		})
		for _, text := range []string{
			`{"metadata":{"labels":{"workload":"redis"}}}`, `{"metadata":{"labels":{"workload":null}}}`, `{"metadata":{"labels":{"domain":"data"}}}`,
			`{"metadata":{"labels":{"kubernetes.io/hostname":"k8s-redis"}}}`,
		} {
			for _, sub := range [][]string{nil, {"status"}} {
				err := patch(text, sub...)
				assert.True(t, apierrors.IsForbidden(err), "%s: %v", text, err)
				assert.ErrorContains(t, err, nodelabels.Message)
			}
		}
		assert.NoError(t, patch(`{"metadata":{"labels":{"topology.kubernetes.io/zone":"ap-northeast-2b"},"annotations":{"a":"b"}}}`), "kubelet maintains these")
		assert.NoError(t, patch(`{"status":{"conditions":[{"type":"DiskPressure","status":"False"}]}}`, "status"))
	})

	t.Run("a node with a store's label draws no pod of the store", func(t *testing.T) {
		node := client(t, nodeIdentity(t, w, workerMachine(t, a, "i-2", "storage", "10.0.1.5"), "storage"))
		// An administrator has given it the label: its taint must hold the pods off.
		_, err := admin.CoreV1().Nodes().Patch(ctx, "storage", types.MergePatchType, []byte(`{"metadata":{"labels":{"workload":"redis"}}}`), metav1.PatchOptions{})
		require.NoError(t, err)
		_, err = node.CoreV1().Nodes().Patch(ctx, "storage", types.MergePatchType, []byte(`{"status":{"allocatable":{"pods":"9"},"capacity":{"pods":"9"}}}`), metav1.PatchOptions{}, "status")
		require.NoError(t, err)
		ready := corev1.Toleration{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists}
		placed := func(name string, tolerations ...corev1.Toleration) *corev1.Pod {
			_, err := admin.CoreV1().Pods("default").Create(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{
				NodeSelector: map[string]string{"workload": "redis"}, Tolerations: append(tolerations, ready),
				Containers: []corev1.Container{{Name: "c", Image: "redis"}},
			}}, metav1.CreateOptions{})
			require.NoError(t, err)
			var pod *corev1.Pod
			testwait.Until(t, func(context.Context) (err error) {
				if pod, err = admin.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{}); err == nil && len(pod.Status.Conditions) == 0 {
					err = assert.AnError // the scheduler has not seen it
				}
				return err
			})
			return pod
		}
		store := placed("store", corev1.Toleration{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "redis"})
		assert.Empty(t, store.Spec.NodeName)
		assert.Contains(t, store.Status.Conditions[0].Message, "untolerated taint")
		assert.Equal(t, "storage", placed("anywhere", corev1.Toleration{Operator: corev1.TolerationOpExists}).Spec.NodeName, "the label alone would place it")
	})

	t.Run("a lost control plane comes back with its Secrets, and not without their key", func(t *testing.T) {
		require.NoError(t, w.Terminate(ctx, "i-1"))
		require.NoError(t, w.RemoveVolume("vol-1"))
		escrowed := a.get(kubeadm.EncryptionParameter(clusterName))
		a.set(kubeadm.EncryptionParameter(clusterName), kubeadm.PendingValue)
		require.ErrorContains(t, bootOnce(t, w, controlPlaneMachine(t, a, "i-3", "vol-2")), "neither the data volume nor")
		a.set(kubeadm.EncryptionParameter(clusterName), escrowed)
		require.NoError(t, w.Boot(ctx, controlPlaneMachine(t, a, "i-4", "vol-2")))
		secret, err := identityOf(t, a, w, kubeadm.KubeconfigParameter(clusterName)).CoreV1().Secrets("default").Get(ctx, name, metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, value, string(secret.Data["key"]))
	})
}

// keepLabels creates the policy of the component nodelabels.
func keepLabels(t *testing.T, admin kubernetes.Interface) {
	t.Helper()
	fail, forbidden := admissionv1.Fail, metav1.StatusReasonForbidden
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "node-labels"},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &fail,
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"nodes", "nodes/status"}},
			}}}},
			MatchConditions: []admissionv1.MatchCondition{{Name: "nodes", Expression: nodelabels.OfNodes}},
			Validations:     []admissionv1.Validation{{Expression: nodelabels.LabelsStay, Message: nodelabels.Message, Reason: &forbidden}},
		},
	}
	_, err := admin.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(t.Context(), policy, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = admin.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(t.Context(), &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "node-labels"},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: "node-labels", ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}
