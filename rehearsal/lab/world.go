package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
	"github.com/growbin/cluster/rehearsal/lab/awsapi"
	"github.com/growbin/cluster/rehearsal/lab/image"
	"github.com/growbin/cluster/rehearsal/lab/network"
	"github.com/growbin/cluster/stacks"
)

// The addresses of the lab. Those of the machines are the program's own.
const (
	networkName     = "growbin-lab"
	gatewayAddress  = "10.1.0.1"
	metadataAddress = "169.254.169.254"
	mirrorAddress   = gatewayAddress + ":8000"
	ssmAddress      = gatewayAddress + ":8001"
	s3Address       = gatewayAddress + ":8002"
	registryAddress = gatewayAddress + ":5000"
)

// sources are all that tells the lab's user data from that of EC2.
func sources() kubeadm.Sources {
	const mirror = "http://" + mirrorAddress
	return kubeadm.Sources{
		KubernetesAPT: mirror + "/" + kubernetesFolder, KubernetesAPTKey: mirror + "/" + keyFile,
		ContainerdAPT: mirror + "/" + containerdFolder, ContainerdAPTKey: mirror + "/" + keyFile,
		ImageRepository: registryAddress, SSMEndpoint: "http://" + ssmAddress, S3Endpoint: "http://" + s3Address,
	}
}

// openNetwork makes the network and serves in it what machines reach.
func (l *Lab) openNetwork(images []image.Image) error {
	restore, err := keepKernelSettings()
	if err != nil {
		return err
	}
	l.closers = append(l.closers, restore)
	l.network = &network.Network{Name: networkName, Gateway: gatewayAddress + "/16", Metadata: metadataAddress}
	if err := l.network.Create(); err != nil {
		return err
	}
	l.cloud = awssim.New(awssim.Options{Region: l.settings.Region, Boot: l.bootOthers()})
	l.door = awsapi.New(l.cloud)
	registry, err := image.NewRegistry(l.path("registry"), images...)
	if err != nil {
		return err
	}
	for address, handler := range map[string]http.Handler{
		metadataAddress + ":80": l.awsapi.Metadata(), ssmAddress: l.awsapi.SystemsManager(), s3Address: l.awsapi.S3(), registryAddress: registry, mirrorAddress: l.mirror(),
	} {
		listener, err := l.network.Listen(address)
		if err != nil {
			return fmt.Errorf("listening on %s: %w", address, err)
		}
		l.serve(listener, l.logged(address, handler))
	}
	return nil
}

func (l *Lab) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	l.servers = append(l.servers, server)
	go func() { _ = server.Serve(listener) }() // it ends when it is closed
}

// mirror serves the packages, when its faults let it.
func (l *Lab) mirror() http.Handler {
	files := http.FileServer(http.Dir(l.path("apt")))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/InRelease") && l.awsapi.Faults.MirrorDown() {
			http.Error(w, "the mirror is being repaired", http.StatusBadGateway)
			return
		}
		if l.otherVersions.Load() {
			r.URL.Path = strings.Replace(r.URL.Path, "/"+kubernetesFolder+"/", "/"+otherFolder+"/", 1)
		}
		r.Header.Del("If-Modified-Since") // the files' own times say nothing about which index is newer
		files.ServeHTTP(w, r)
	})
}

// logged writes each request into the lab's log: path and answer, never a body.
func (l *Lab) logged(address string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		handler.ServeHTTP(kept, r)
		l.mu.Lock()
		defer l.mu.Unlock()
		fmt.Fprintf(l.log, "%s %s -> %s %s %s %s %d\n", time.Now().Format(time.TimeOnly), r.RemoteAddr, address, r.Method, r.URL.Path, r.Header.Get("X-Amz-Target"), kept.status)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// bootOthers lets every machine that the lab does not boot report at once, as in unit tests.
func (l *Lab) bootOthers() func(context.Context, *awssim.Machine) {
	instant := fakeboot.New(func() *awssim.Cloud { return l.cloud }, func(machine string, err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		fmt.Fprintf(l.log, "%s (not booted here): %v\n", machine, err)
	})
	return func(ctx context.Context, machine *awssim.Machine) {
		if machine.Name != l.controlPlaneName() && machine.Name != l.options.Worker {
			instant(ctx, machine)
		}
	}
}

func (l *Lab) controlPlaneName() string { return stacks.ControlPlane(l.settings.Nodes).Name }

// startProgram runs the Pulumi program against the simulated AWS in the background: it makes the account and the
// machines, then waits for them as it does in `pulumi up`.
func (l *Lab) startProgram(ctx context.Context) error {
	go func() {
		defer close(l.program)
		l.programErr = pulumi.RunErr(stacks.DeployFrom(sources()), pulumi.WithMocks("growbin", stack, mocks.New(l.cloud)), func(info *pulumi.RunInfo) {
			info.Config = l.config
			info.ConfigSecretKeys = []string{prefix + "openaiApiKey", prefix + "kakaoApiKey"}
		})
	}()
	return wait(ctx, time.Minute, func(context.Context) error {
		select {
		case <-l.program:
			return final{fmt.Errorf("the program ended before its machines ran: %w", l.programErr)}
		default:
		}
		if running := len(l.cloud.Machines()); running < len(l.settings.Nodes) {
			return fmt.Errorf("%d of %d machines run", running, len(l.settings.Nodes))
		}
		return nil
	})
}
