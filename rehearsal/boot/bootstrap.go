package boot

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/certificate/csr"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// certificateWait bounds the wait for the controller manager to approve and sign a kubelet's request.
const certificateWait = 45 * time.Second

// bootstrap turns the bootstrap token in the join data into the identity of the node's kubelet, as kubeadm join
// and kubelet do: look up cluster-info, refuse a name that is taken, have a certificate signed.
func bootstrap(ctx context.Context, discovery *rest.Config, node *userdata.Node) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(discovery)
	if err != nil {
		return nil, fmt.Errorf("the join data cannot be used: %w", err)
	}
	if err := checkClusterInfo(ctx, discovery); err != nil {
		return nil, err
	}
	if err := checkNameIsFree(ctx, client, node.Name); err != nil {
		return nil, err
	}
	key, certificate, err := requestCertificate(ctx, client, node.Name)
	if err != nil {
		return nil, err
	}
	identity := rest.AnonymousClientConfig(discovery)
	identity.CertData, identity.KeyData = certificate, key
	return identity, nil
}

// checkClusterInfo connects with nothing but the pinned authority and makes sure that the server is the cluster
// that it says it is. kubeadm shows cluster-info to everybody, but not to a bootstrap token.
func checkClusterInfo(ctx context.Context, discovery *rest.Config) error {
	client, err := kubernetes.NewForConfig(rest.AnonymousClientConfig(discovery))
	if err != nil {
		return fmt.Errorf("the join data cannot be used: %w", err)
	}
	info, err := client.CoreV1().ConfigMaps(metav1.NamespacePublic).Get(ctx, "cluster-info", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading cluster-info from %s: %w", discovery.Host, err)
	}
	published, err := clientcmd.Load([]byte(info.Data["kubeconfig"]))
	if err != nil {
		return fmt.Errorf("cluster-info holds no kubeconfig: %w", err)
	}
	cluster := published.Clusters[""]
	if cluster == nil {
		return errors.New("cluster-info names no cluster")
	}
	if !bytes.Equal(bytes.TrimSpace(cluster.CertificateAuthorityData), bytes.TrimSpace(discovery.CAData)) {
		return errors.New("cluster-info names another certificate authority than the join data")
	}
	if cluster.Server != discovery.Host {
		return fmt.Errorf("cluster-info places the API server at %s, the join data at %s", cluster.Server, discovery.Host)
	}
	return nil
}

// checkNameIsFree refuses, as kubeadm join does, to take over the name of a node that is alive.
func checkNameIsFree(ctx context.Context, client kubernetes.Interface, name string) error {
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for a node %s: %w", name, err)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return fmt.Errorf("a node %s exists and is Ready: its machine is gone only when the controller manager has noticed its silence", name)
		}
	}
	return nil
}

// requestCertificate asks for the certificate of the node's kubelet. kubeadm's rules approve the request of a
// bootstrap token, and the controller manager signs it.
func requestCertificate(ctx context.Context, client kubernetes.Interface, node string) (keyPEM, certificatePEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making the kubelet's key: %w", err)
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the kubelet's key: %w", err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "system:node:" + node, Organization: []string{"system:nodes"}},
	}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the kubelet's certificate request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, certificateWait)
	defer cancel()
	// No name is given: each attempt has a key of its own.
	name, uid, err := csr.RequestCertificateWithContext(ctx, client, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}), "",
		certificatesv1.KubeAPIServerClientKubeletSignerName, nil, []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("requesting the kubelet's certificate: %w", err)
	}
	certificatePEM, err = csr.WaitForCertificate(ctx, client, name, uid)
	if err != nil {
		return nil, nil, fmt.Errorf("waiting for the kubelet's certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), certificatePEM, nil
}
