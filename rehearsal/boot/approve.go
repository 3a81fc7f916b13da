package boot

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/certificate/csr"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/rehearsal/cluster"
)

const (
	// readPause is the pause between two reads of all requests (a real control plane's is five seconds).
	readPause = 500 * time.Millisecond
	// joinLifetime is that of the certificate in an answer, as in the boot scripts.
	joinLifetime = time.Hour
)

// writerARN is the session of a role that EC2 gives to an instance.
var writerARN = regexp.MustCompile(`^arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/([^/]+)/(i-[0-9a-f]+)$`)

// errNoRequest is that of a parameter that holds a request no more, or not yet.
var errNoRequest = errors.New("it holds no request")

// approve answers the requests of joining nodes until the control plane stops, as the service kubeadm-approve does.
func (a *attempt) approve(running *cluster.Cluster) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-running.Stopped()
		cancel()
	}()
	logged, seen := map[string]string{}, map[string]int{} // seen are the versions that are no requests
	for ctx.Err() == nil {
		requests, err := a.machine.ParametersByPath(a.node.JoinPath)
		if err != nil {
			a.log(a.node.Name, "requests could not be read: %v", err)
		}
		for parameter, newest := range requests {
			if seen[parameter] == newest.Version {
				continue
			}
			err := a.answer(ctx, running, path.Base(parameter), parameter)
			if errors.Is(err, errNoRequest) {
				seen[parameter] = newest.Version
				continue
			}
			if ctx.Err() == nil && err != nil && logged[parameter] != err.Error() {
				a.log(a.node.Name, "the request of %s is refused: %v", path.Base(parameter), err)
				logged[parameter] = err.Error()
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(readPause):
		}
	}
}

// answer gives a node a certificate for its own name, if the request comes from its instance and the name is free.
func (a *attempt) answer(ctx context.Context, running *cluster.Cluster, node, parameter string) error {
	newest, err := a.machine.ParameterHistory(parameter)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(newest.Value, "{") {
		return errNoRequest
	}
	request, err := checkRequest(a.node.Cluster, node, newest.Value, newest.LastModifiedUser)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(running.Admin())
	if err != nil {
		return err
	}
	if err := checkNameIsFree(ctx, client, node); err != nil {
		return err
	}
	certificate, err := sign(ctx, client, node, request)
	if err != nil {
		return err
	}
	kubeconfig, err := running.JoinKubeconfig(node, certificate)
	if err != nil {
		return err
	}
	return a.put(parameter, kubeconfig)
}

// checkRequest returns the certificate request in a parameter's value if its writer is the instance of the node that it names.
func checkRequest(clusterName, node, value, writer string) (certificateRequest []byte, err error) {
	var message kubeadm.JoinRequest
	if err := json.Unmarshal([]byte(value), &message); err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	found := writerARN.FindStringSubmatch(writer)
	if found == nil || found[1] != kubeadm.RoleName(clusterName, node) || found[2] != message.InstanceID {
		return nil, fmt.Errorf("it was written by %s", writer)
	}
	block, _ := pem.Decode([]byte(message.Request))
	if block == nil {
		return nil, errors.New("it holds no certificate request")
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate request: %w", err)
	}
	if err := parsed.CheckSignature(); err != nil {
		return nil, fmt.Errorf("checking the certificate request: %w", err)
	}
	if parsed.Subject.CommonName != "system:node:"+node || !slices.Equal(parsed.Subject.Organization, []string{"system:nodes"}) || len(parsed.Subject.Names) != 2 {
		return nil, fmt.Errorf("it is for another name: %s", parsed.Subject)
	}
	return []byte(message.Request), nil
}

// sign has the real controller manager sign a request.
func sign(ctx context.Context, client kubernetes.Interface, node string, request []byte) ([]byte, error) {
	requests, seconds := client.CertificatesV1().CertificateSigningRequests(), int32(joinLifetime/time.Second)
	created, err := requests.Create(ctx, &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "join-" + node + "-"},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			SignerName: certificatesv1.KubeAPIServerClientKubeletSignerName, ExpirationSeconds: &seconds, Request: request,
			Usages: []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("requesting the certificate of %s: %w", node, err)
	}
	created.Status.Conditions = append(created.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "Join",
	})
	if _, err := requests.UpdateApproval(ctx, created.Name, created, metav1.UpdateOptions{}); err != nil {
		return nil, fmt.Errorf("approving the certificate of %s: %w", node, err)
	}
	waiting, cancel := context.WithTimeout(ctx, certificateWait)
	defer cancel()
	certificate, err := csr.WaitForCertificate(waiting, client, created.Name, created.UID)
	if err != nil {
		return nil, fmt.Errorf("waiting for the certificate of %s: %w", node, err)
	}
	return certificate, nil
}

// checkNameIsFree refuses the name of a node that is alive.
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
