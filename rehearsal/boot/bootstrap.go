package boot

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/certificate/csr"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// certificateWait bounds the wait for the controller manager to approve and sign a kubelet's request.
const certificateWait = 45 * time.Second

// joining is a worker's certificate request with its key.
type joining struct {
	keyPEM []byte
	// value is that of the join parameter.
	value string
}

// newJoining makes the request of a node, and the message that holds it.
func newJoining(instance, node string) (*joining, error) {
	_, keyPEM, request, err := makeRequest(node)
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(kubeadm.JoinRequest{InstanceID: instance, Request: string(request)})
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	return &joining{keyPEM: keyPEM, value: string(value)}, nil
}

// answered returns the client configuration in an answer to this request, or nil.
func (j *joining) answered(value string) *rest.Config {
	config, err := clientcmd.Load([]byte(value))
	if err != nil {
		return nil
	}
	for _, user := range config.AuthInfos {
		user.ClientKey, user.ClientKeyData = "", j.keyPEM
	}
	identity, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		return nil
	}
	if _, err := tls.X509KeyPair(identity.CertData, identity.KeyData); err != nil {
		return nil // for an earlier key
	}
	return identity
}

// bootstrap turns the certificate for an hour into the lasting identity of the node's kubelet, as kubeadm join and kubelet do:
// refuse a name that is taken, have a certificate signed.
func bootstrap(ctx context.Context, identity *rest.Config, node *userdata.Node) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(identity)
	if err != nil {
		return nil, fmt.Errorf("the join data cannot be used: %w", err)
	}
	if err := checkNameIsFree(ctx, client, node.Name); err != nil {
		return nil, err
	}
	key, certificate, err := requestCertificate(ctx, client, node.Name)
	if err != nil {
		return nil, err
	}
	lasting := rest.AnonymousClientConfig(identity)
	lasting.CertData, lasting.KeyData = certificate, key
	return lasting, nil
}

// requestCertificate asks for the certificate of the node's kubelet. kubeadm's rules approve the request of a node for its own
// name, and the controller manager signs it.
func requestCertificate(ctx context.Context, client kubernetes.Interface, node string) (keyPEM, certificatePEM []byte, err error) {
	key, keyPEM, request, err := makeRequest(node)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, certificateWait)
	defer cancel()
	// No name is given: each attempt has a key of its own.
	name, uid, err := csr.RequestCertificateWithContext(ctx, client, request, "", certificatesv1.KubeAPIServerClientKubeletSignerName, nil,
		[]certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("requesting the kubelet's certificate: %w", err)
	}
	certificatePEM, err = csr.WaitForCertificate(ctx, client, name, uid)
	if err != nil {
		return nil, nil, fmt.Errorf("waiting for the kubelet's certificate: %w", err)
	}
	return keyPEM, certificatePEM, nil
}

// makeRequest makes a key and a certificate request for a kubelet.
func makeRequest(node string) (key *ecdsa.PrivateKey, keyPEM, request []byte, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, nil, fmt.Errorf("making the kubelet's key: %w", err)
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("writing the kubelet's key: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "system:node:" + node, Organization: []string{"system:nodes"}},
	}, key)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("writing the kubelet's certificate request: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}
