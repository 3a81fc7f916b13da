package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/authorities"
)

// rotateAuthorities runs growbin rotate-ca, whose control plane loses its power right after the authorities have changed places.
func (r *run) rotateAuthorities(ctx context.Context) error {
	if err := r.rotate(ctx, ""); err == nil || !strings.Contains(err.Error(), "pod default/first has a token and no owner") {
		return fmt.Errorf("pod first must be refused, which nothing would start anew: %w", err)
	}
	pods := r.client.CoreV1().Pods(metav1.NamespaceDefault)
	if err := pods.DeleteCollection(ctx, *metav1.NewDeleteOptions(0), metav1.ListOptions{}); err != nil {
		return err
	}
	// Replicas that have no zone here would keep Kubernetes from replacing the one that runs.
	if err := r.scaleNames(ctx, 1); err != nil {
		return err
	}
	const undisturbed = "undisturbed"
	if err := r.runPodWith(ctx, r.client, undisturbed, false); err != nil {
		return err
	}
	before, err := pods.Get(ctx, undisturbed, metav1.GetOptions{})
	if err != nil {
		return err
	}
	old, err := r.oldCredentials(ctx)
	if err != nil {
		return err
	}
	if err := old.accepted(ctx); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	if err := r.rotate(ctx, "exchange"); err == nil || !strings.Contains(err.Error(), "step switch") {
		return fmt.Errorf("the command must have been stopped: %w", err)
	}
	if err := r.controlPlane.CutPower(); err != nil {
		return err
	}
	if err := r.controlPlane.Start(ctx); err != nil {
		return err
	}
	if err := poll(ctx, recoveryTimeout, old.accepted); err != nil {
		return fmt.Errorf("stopped halfway: %w", err)
	}
	if err := r.rotate(ctx, ""); err != nil {
		return err
	}
	if r.client, err = r.newClient(r.controlPlane); err != nil {
		return err
	}
	if err := errors.Join(old.refused(ctx), r.checkIssuers(ctx), r.checkNodes(ctx), r.systemPods(ctx), r.checkNames(ctx)); err != nil {
		return err
	}
	after, err := r.client.CoreV1().Pods(metav1.NamespaceDefault).Get(ctx, undisturbed, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if s := after.Status.ContainerStatuses[0]; after.UID != before.UID || s.ContainerID != before.Status.ContainerStatuses[0].ContainerID || s.RestartCount != 0 {
		return fmt.Errorf("a pod without a token was restarted: %+v", s)
	}
	return r.runPod(ctx, r.client, "rotated")
}

// rotate runs growbin rotate-ca, and stops it at a point of the control plane's script. Backups are left out: a blank disk of a
// later check must begin a new cluster.
func (r *run) rotate(ctx context.Context, stopAfter string) error {
	begin := time.Now()
	return authorities.Rotate(ctx, authorities.Options{
		ControlPlane: r.controlPlane.ec2.Name,
		Run: func(ctx context.Context, node, command string) (string, error) {
			i := r.worker
			if node == r.controlPlane.ec2.Name {
				i = r.controlPlane
			}
			return i.Run(ctx, "bash", "-c", "export STOP_AFTER="+stopAfter+"; "+command)
		},
		Backup: func(context.Context) error { return nil },
		Logf: func(format string, args ...any) {
			r.printf("%3.0f s: %s", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
		},
	})
}

// credentials are a client certificate, a token of a pod, and one in a Secret.
type credentials struct {
	lab    *run
	config *rest.Config
	// tokens are by their origin.
	tokens map[string]string
}

// oldCredentials returns some that the present authority and key have signed, for a day at least.
func (r *run) oldCredentials(ctx context.Context) (found credentials, err error) {
	found = credentials{lab: r, tokens: map[string]string{}}
	if found.config, err = r.clientConfig(r.controlPlane); err != nil {
		return found, err
	}
	day := int64(24 * 60 * 60)
	token, err := r.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).CreateToken(ctx, "default",
		&authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &day}}, metav1.CreateOptions{})
	if err != nil {
		return found, err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "lasting", Annotations: map[string]string{corev1.ServiceAccountNameKey: "default"}}, Type: corev1.SecretTypeServiceAccountToken,
	}
	if _, err := r.client.CoreV1().Secrets(metav1.NamespaceDefault).Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		return found, err
	}
	found.tokens["a pod"] = token.Status.Token
	return found, poll(ctx, recoveryTimeout, func(ctx context.Context) (err error) {
		found.tokens["a Secret"], err = r.lastingToken(ctx)
		return err
	})
}

func (r *run) lastingToken(ctx context.Context) (string, error) {
	secret, err := r.client.CoreV1().Secrets(metav1.NamespaceDefault).Get(ctx, "lasting", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if len(secret.Data[corev1.ServiceAccountTokenKey]) == 0 {
		return "", errors.New("the Secret has no token")
	}
	return string(secret.Data[corev1.ServiceAccountTokenKey]), nil
}

// ask asks the API server for something that all who are known may read, whatever its certificate is.
func (c credentials) ask(ctx context.Context) map[string]error {
	answers := map[string]error{}
	try := func(name string, config *rest.Config) {
		config.CAData, config.Insecure = nil, true
		client, err := kubernetes.NewForConfig(config)
		if err == nil {
			err = client.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Error()
		}
		answers[name] = err
	}
	try("the certificate", rest.CopyConfig(c.config))
	for origin, token := range c.tokens {
		config := rest.AnonymousClientConfig(c.config)
		config.BearerToken, config.Dial = token, c.config.Dial
		try("the token of "+origin, config)
	}
	return answers
}

func (c credentials) accepted(ctx context.Context) error {
	var problems []error
	for name, err := range c.ask(ctx) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s must be accepted: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

// refused checks that the API server knows none of them, and that the Secret has a new token that it knows.
func (c credentials) refused(ctx context.Context) error {
	var problems []error
	for name, err := range c.ask(ctx) {
		if !apierrors.IsUnauthorized(err) {
			problems = append(problems, fmt.Errorf("%s must be refused: %v", name, err))
		}
	}
	token, err := c.lab.lastingToken(ctx)
	if err != nil {
		return errors.Join(append(problems, err)...)
	}
	c.tokens = map[string]string{"the Secret": token}
	if err := c.ask(ctx)["the token of the Secret"]; err != nil {
		problems = append(problems, fmt.Errorf("the new token in the Secret must be accepted: %w", err))
	}
	return errors.Join(problems...)
}

// issuersScript prints each certificate and kubeconfig that the authorities of this machine have not issued, and files of the
// rotation that are left.
const issuersScript = `set -eu
exec 2>/dev/null
cd "$1/pki"
check() { openssl verify -CAfile "$1" "$2" >/dev/null 2>&1 || echo "wrong: $2 is not of $1"; }
for file in apiserver.crt apiserver-kubelet-client.crt; do check ca.crt "$file"; done
for file in apiserver-etcd-client.crt etcd/server.crt etcd/peer.crt etcd/healthcheck-client.crt; do check etcd/ca.crt "$file"; done
check front-proxy-ca.crt front-proxy-client.crt
check ca.crt /var/lib/kubelet/pki/kubelet-client-current.pem
for file in /etc/kubernetes/*.conf; do
  [ "$(sed -n 's/^ *certificate-authority-data: //p' "$file")" = "$(base64 -w0 ca.crt)" ] || echo "wrong: $file trusts another authority"
done
for file in next rotation ../pki-other; do [ ! -e "$file" ] || echo "wrong: $file is left"; done`

func (r *run) checkIssuers(ctx context.Context) error {
	variables, err := r.controlPlane.variables()
	if err != nil {
		return err
	}
	directory := variables[userdata.EnvStateDir]
	text, err := r.controlPlane.Run(ctx, "bash", "-c", issuersScript, "bash", directory)
	if err != nil {
		return err
	}
	var problems []error
	for line := range strings.Lines(text) { // nsenter's shell may complain of its working directory
		if _, problem, found := strings.Cut(strings.TrimSpace(line), "wrong: "); found {
			problems = append(problems, errors.New(problem))
		}
	}
	authority, err := r.controlPlane.Run(ctx, "cat", directory+"/pki/ca.crt")
	if err != nil {
		return err
	}
	trusted, err := r.worker.Run(ctx, "cat", "/etc/kubernetes/pki/ca.crt")
	if err != nil {
		return err
	}
	if trusted != authority {
		problems = append(problems, errors.New(r.worker.ec2.Name+" trusts another authority"))
	}
	if _, err := r.worker.Run(ctx, "openssl", "verify", "-CAfile", "/etc/kubernetes/pki/ca.crt", "/var/lib/kubelet/pki/kubelet-client-current.pem"); err != nil {
		return err
	}
	return errors.Join(problems...)
}

// askName asks a DNS server for the address of the API server's Service.
const askName = `
import socket, sys
name = b"".join(bytes([len(part)]) + part.encode() for part in "kubernetes.default.svc.cluster.local".split(".")) + b"\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1", (sys.argv[1], 53))
if s.recv(512)[7] == 0:
    sys.exit("no address")`

// scaleNames sets the number of CoreDNS's replicas.
func (r *run) scaleNames(ctx context.Context, replicas int32) error {
	deployments := r.client.AppsV1().Deployments(metav1.NamespaceSystem)
	scale, err := deployments.GetScale(ctx, "coredns", metav1.GetOptions{})
	if err != nil {
		return err
	}
	scale.Spec.Replicas = replicas
	_, err = deployments.UpdateScale(ctx, "coredns", scale, metav1.UpdateOptions{})
	return err
}

// checkNames checks that each pod of CoreDNS, which is new and has a new token, knows the Services.
func (r *run) checkNames(ctx context.Context) error {
	return poll(ctx, recoveryTimeout, func(ctx context.Context) error {
		pods, err := r.client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=kube-dns"})
		if err != nil {
			return err
		}
		if len(pods.Items) == 0 {
			return errors.New("CoreDNS has no pod")
		}
		var problems []error
		for _, pod := range pods.Items {
			i := r.worker
			if pod.Spec.NodeName == r.controlPlane.ec2.Name {
				i = r.controlPlane
			}
			if _, err := i.Run(ctx, "python3", "-c", askName, pod.Status.PodIP); err != nil {
				problems = append(problems, fmt.Errorf("pod %s on %s: %w", pod.Name, pod.Spec.NodeName, err))
			}
		}
		return errors.Join(problems...)
	})
}
