package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"github.com/growbin/cluster/components/ports"
)

// Container names a container of a pod.
type Container struct{ Namespace, Pod, Name string }

// Containers stand for the containers of pods: kwok runs none.
type Containers struct {
	// Exec runs a command as in a container. Its error becomes the exit code 1.
	Exec func(ctx context.Context, container Container, stdin io.Reader, stdout io.Writer, command []string) error
	// Logs returns the log of a container.
	Logs func(container Container) (string, error)
}

// The times of a kubelet's streams.
const (
	streamIdle   = 10 * time.Minute
	streamCreate = time.Minute
)

// ServeKubelets answers kubectl exec and kubectl logs for the nodes of the cluster, by the protocol of kubelets. Only the API server
// may ask, by its certificate. It ends what ServePods has begun, and returns a function that ends it.
func (c *Cluster) ServeKubelets(containers Containers) (stop func(), err error) {
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(c.admin.CAData) {
		return nil, errors.New("the cluster's authority is no certificate")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", containers.exec)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", containers.logs)
	server := httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authorities}
	server.StartTLS()
	kubelet := ":" + strconv.Itoa(ports.Kubelet)
	end, err := c.ServePods(func(address string) string {
		if strings.HasSuffix(address, kubelet) {
			return server.Listener.Addr().String()
		}
		return ""
	})
	if err != nil {
		server.Close()
		return nil, err
	}
	return func() { end(); server.CloseClientConnections(); server.Close() }, nil
}

func containerOf(r *http.Request) Container {
	return Container{r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")}
}

func (c Containers) exec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	container := containerOf(r)
	remotecommand.ServeExec(w, r, executor{c, container}, container.Pod, "", container.Name, r.URL.Query()["command"], options,
		streamIdle, streamCreate, remotecommand.SupportedStreamingProtocols)
}

func (c Containers) logs(w http.ResponseWriter, r *http.Request) {
	text, err := c.Logs(containerOf(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, text)
}

// executor runs the commands in one container.
type executor struct {
	containers Containers
	container  Container
}

// ExecInContainer implements remotecommand.Executor. There is no terminal.
func (e executor) ExecInContainer(ctx context.Context, _, _, _ string, command []string, in io.Reader, out, failure io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	err := e.containers.Exec(ctx, e.container, in, out, command)
	if err == nil {
		return nil
	}
	if failure != nil {
		_, _ = io.WriteString(failure, err.Error()+"\n")
	}
	return utilexec.CodeExitError{Err: err, Code: 1}
}
