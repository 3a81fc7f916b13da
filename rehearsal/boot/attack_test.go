package boot

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/internal/testwait"
)

// nodeIdentity asks as the machine would, and returns the kubelet's lasting identity.
func nodeIdentity(t *testing.T, w *World, m Machine, node string) *rest.Config {
	t.Helper()
	request, err := newJoining(m.ID, node)
	require.NoError(t, err)
	require.NoError(t, m.PutParameter(kubeadm.JoinParameter(clusterName, node), request.value))
	var answer *rest.Config
	testwait.Until(t, func(context.Context) error {
		text, err := m.GetParameter(kubeadm.JoinParameter(clusterName, node))
		if err != nil {
			return err
		}
		if answer = request.answered(text); answer == nil {
			return assert.AnError
		}
		return nil
	})
	identity, err := bootstrap(t.Context(), w.network.through(m, answer), &userdata.Node{Name: node})
	require.NoError(t, err)
	return identity
}

// TestAttack_FromPodToAdministrator is the way on which a pod once became an administrator: the role of its node, the join
// token, a certificate in the name of k8s-master, the token of Argo CD's controller. Each step is tried as if those before it
// had succeeded, against a real control plane, and each fails.
func TestAttack_FromPodToAdministrator(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	ctx := t.Context()
	require.NoError(t, w.Boot(ctx, controlPlaneMachine(t, a, "i-1", "vol-1")))
	admin := admin(t, w)
	ready(t, admin, "master")
	attacker := workerMachine(t, a, "i-2", "storage", "10.0.1.5")

	t.Run("a request for another node's name is refused", func(t *testing.T) {
		for name, value := range map[string]string{
			"master":  joinValue(t, attacker.ID, "master"), // in its own parameter
			"storage": joinValue(t, attacker.ID, "master"), // in the attacker's
			"redis":   joinValue(t, attacker.ID, "redis"),  // the name of another node, which is free
		} {
			require.NoError(t, attacker.PutParameter(kubeadm.JoinParameter(clusterName, name), value)) // IAM allows the attacker's alone
		}
		never(t, func() bool {
			for _, name := range []string{"master", "storage", "redis"} {
				if a.get(kubeadm.JoinParameter(clusterName, name))[0] != '{' {
					return true
				}
			}
			return false
		}, "a request was answered")
	})

	t.Run("a bootstrap token is worth nothing, even one that an administrator makes", func(t *testing.T) {
		text := strings.ToLower(rand.Text())
		token, secret := text[:6], text[6:22]
		_, err := admin.CoreV1().Secrets("kube-system").Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "bootstrap-token-" + token}, Type: "bootstrap.kubernetes.io/token",
			StringData: map[string]string{"token-id": token, "token-secret": secret, "usage-bootstrap-authentication": "true",
				"auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token"},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
		config := rest.AnonymousClientConfig(w.Cluster().Admin())
		config.BearerToken = token + "." + secret
		_, err = client(t, config).AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		assert.True(t, apierrors.IsUnauthorized(err), "%v", err)
	})

	t.Run("nobody is approved for a node's name by being a bootstrapper", func(t *testing.T) {
		config := w.Cluster().Admin()
		config.Impersonate = rest.ImpersonationConfig{UserName: "system:bootstrap:abcdef", Groups: []string{"system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token"}}
		_, _, request, err := makeRequest("master")
		require.NoError(t, err)
		_, err = client(t, config).CertificatesV1().CertificateSigningRequests().Create(ctx, signingRequest("attack", request), metav1.CreateOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
	})

	storage := client(t, nodeIdentity(t, w, attacker, "storage"))
	t.Run("a node's own certificate gives none in another name", func(t *testing.T) {
		_, _, request, err := makeRequest("master")
		require.NoError(t, err)
		_, err = storage.CertificatesV1().CertificateSigningRequests().Create(ctx, signingRequest("from-storage", request), metav1.CreateOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
	})

	t.Run("a node takes no token of a service account that runs elsewhere", func(t *testing.T) {
		argoCD(t, admin)
		_, err := storage.CoreV1().ServiceAccounts("argocd").CreateToken(ctx, "controller", &authenticationv1.TokenRequest{
			Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: "controller"}},
		}, metav1.CreateOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
		_, err = storage.CoreV1().Secrets("argocd").List(ctx, metav1.ListOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
	})
}

func joinValue(t *testing.T, instance, node string) string {
	t.Helper()
	request, err := newJoining(instance, node)
	require.NoError(t, err)
	return request.value
}

func signingRequest(name string, request []byte) *certificatesv1.CertificateSigningRequest {
	return &certificatesv1.CertificateSigningRequest{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: certificatesv1.CertificateSigningRequestSpec{
		SignerName: certificatesv1.KubeAPIServerClientKubeletSignerName, Request: request,
		Usages: []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth},
	}}
}

// argoCD is a pod on the control plane with rights over everything.
func argoCD(t *testing.T, admin kubernetes.Interface) {
	t.Helper()
	_, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "argocd"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = admin.CoreV1().ServiceAccounts("argocd").Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "controller"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "argocd"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "argocd", Name: "controller"}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = admin.CoreV1().Pods("argocd").Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "controller"}, Spec: corev1.PodSpec{
		NodeName: "master", ServiceAccountName: "controller", Containers: []corev1.Container{{Name: "c", Image: "c"}},
	}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

func client(t *testing.T, config *rest.Config) kubernetes.Interface {
	t.Helper()
	made, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return made
}

// never checks for a few rounds of the control plane that something does not happen.
func never(t *testing.T, happened func() bool, message string) {
	t.Helper()
	for range 8 {
		require.False(t, happened(), message)
		time.Sleep(readPause)
	}
}
