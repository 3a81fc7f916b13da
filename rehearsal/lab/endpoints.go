package lab

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/lab/awsapi"
	"github.com/growbin/cluster/rehearsal/lab/image"
	"github.com/growbin/cluster/rehearsal/lab/network"
	"github.com/growbin/cluster/rehearsal/lab/services"
)

// Addresses of the lab's endpoints. The instances have those that the program gives them.
const (
	networkName     = "growbin-lab"
	gatewayAddress  = "10.1.0.1"
	metadataAddress = "169.254.169.254"
	mirrorAddress   = gatewayAddress + ":8000"
	ssmAddress      = gatewayAddress + ":8001"
	registryAddress = gatewayAddress + ":5000"
)

// Services of the internet have public addresses (RFC 5737) and the port of HTTPS, since NetworkPolicies tell them apart by both.
// They speak HTTP: the lab has no certificate that pods trust.
const (
	s3Host        = "203.0.113.1"
	stsHost       = "203.0.113.2"
	openAIHost    = "203.0.113.3"
	kakaoHost     = "203.0.113.4"
	internetPort  = "443"
	s3Address     = s3Host + ":" + internetPort
	stsAddress    = stsHost + ":" + internetPort
	openAIAddress = openAIHost + ":" + internetPort
	kakaoAddress  = kakaoHost + ":" + internetPort
)

// aiCallsPerSecond is the limit of the fake AI API: low, so that a run meets it.
const aiCallsPerSecond = 2

// sources are the only difference between the user data of the lab and of EC2.
func (l *Lab) sources() kubeadm.Sources {
	const mirror = "http://" + mirrorAddress
	return kubeadm.Sources{
		KubernetesAPT: mirror + "/" + kubernetesRepository, KubernetesAPTKey: mirror + "/" + keyFile,
		ContainerdAPT: mirror + "/" + containerdRepository, ContainerdAPTKey: mirror + "/" + keyFile,
		KubernetesFingerprint: l.aptKey, ContainerdFingerprint: l.aptKey,
		ImageRepository: registryAddress, SSMEndpoint: "http://" + ssmAddress, S3Endpoint: "http://" + s3Address,
	}
}

// serveEndpoints creates the network and serves AWS, the package mirror and the registry in it.
func (l *Lab) serveEndpoints(options awssim.Options, images []image.Image) error {
	restore, err := saveKernelSettings()
	if err != nil {
		return err
	}
	l.closers = append(l.closers, restore)
	l.network = &network.Network{Name: networkName, Gateway: gatewayAddress + "/16", Others: []string{metadataAddress, s3Host, stsHost, openAIHost, kakaoHost}}
	if err := l.network.Create(); err != nil {
		return err
	}
	options.Region = l.settings.Region
	l.cloud = awssim.New(options)
	l.api = awsapi.NewServer(l.cloud)
	registry, err := image.NewRegistry(l.path("registry"), images...)
	if err != nil {
		return err
	}
	for address, handler := range map[string]http.Handler{
		metadataAddress + ":80": l.api.Metadata(), ssmAddress: l.api.SystemsManager(), s3Address: l.api.S3(), registryAddress: registry, mirrorAddress: l.mirror(),
		stsAddress: l.api.SecurityTokenService(), openAIAddress: services.OpenAI(aiCallsPerSecond), kakaoAddress: services.Kakao(),
	} {
		listener, err := l.network.Listen(address)
		if err != nil {
			return fmt.Errorf("listening on %s: %w", address, err)
		}
		l.serve(listener, l.logRequests(address, handler))
	}
	return nil
}

func (l *Lab) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	l.servers = append(l.servers, server)
	go func() { _ = server.Serve(listener) }() // returns when the server is closed
}

// mirror serves the package repositories and applies the failures that are injected.
func (l *Lab) mirror() http.Handler {
	files := http.FileServer(http.Dir(l.path("apt")))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/InRelease") && l.api.Fail(awsapi.BrokenMirror) {
			http.Error(w, "injected failure", http.StatusBadGateway)
			return
		}
		if l.wrongVersions.Load() {
			r.URL.Path = strings.Replace(r.URL.Path, "/"+kubernetesRepository+"/", "/"+wrongVersionsRepository+"/", 1)
		}
		// An index switches between two files; their modification times do not tell which one is newer.
		r.Header.Del("If-Modified-Since")
		files.ServeHTTP(w, r)
	})
}

// logRequests logs method, path and status of each request, but no body.
func (l *Lab) logRequests(address string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		method, path := r.Method, r.URL.Path
		handler.ServeHTTP(response, r)
		l.logf("%s %s -> %s %s %s %s %d", time.Now().Format(time.TimeOnly), r.RemoteAddr, address, method, path, r.Header.Get("X-Amz-Target"), response.status)
	})
}

// statusWriter keeps the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
