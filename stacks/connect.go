package stacks

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/sessions"
	"github.com/growbin/cluster/components/validation"
	"github.com/growbin/cluster/internal/tunnel"
)

// answerTimeout bounds the wait for the API server's first TLS handshake. It serves already when it is called.
const answerTimeout = 30 * time.Second

// apiServer is the way to the API server of a stack.
type apiServer struct {
	tunnel tunnel.Options
	// engine is the address of Pulumi's engine; empty if the program runs inside another one, e.g. a rehearsal.
	engine string
}

func newAPIServer(s *Settings) *apiServer {
	return &apiServer{TunnelOptions(s), os.Getenv(pulumi.EnvEngine)}
}

// TunnelOptions returns the options of the tunnel of a stack.
func TunnelOptions(s *Settings) tunnel.Options {
	return tunnel.Options{Region: s.Region, Cluster: s.ClusterName(), Node: ControlPlane(s.Nodes).Name, Port: s.APITunnelPort, Document: sessions.ForwardDocument(s.ClusterName())}
}

// checkAccess reports, before anything is created, a reason for which the program cannot open the tunnel.
func (a *apiServer) checkAccess(ctx context.Context, s *Settings) error {
	if s.APIAccess != AccessSessionManager || a.engine == "" {
		return nil
	}
	if err := tunnel.Check(ctx, a.tunnel); err != nil {
		return fmt.Errorf("%w: %w", validation.Problem{
			Field: ConfigPrefix + "apiAccess", Value: string(s.APIAccess), Must: "must have a way to open its tunnel",
		}, err)
	}
	return nil
}

// removeKubeconfigs removes what earlier updates by this person have left.
func (a *apiServer) removeKubeconfigs(s *Settings) error {
	if a.engine == "" {
		return nil
	}
	return removeKubeconfigFiles(os.TempDir(), s.ClusterName(), time.Now())
}

// connect opens the tunnel if the settings want one and none serves, and waits until the API server answers.
func (a *apiServer) connect(ctx context.Context, s *Settings, server string) error {
	if s.APIAccess == AccessSessionManager && a.engine != "" {
		folder, err := tunnel.Folder(a.tunnel.Port)
		if err != nil {
			return err
		}
		return tunnel.Connect(ctx, a.tunnel, a.engine, folder)
	}
	address, err := url.Parse(server)
	if err != nil {
		return fmt.Errorf("its URL: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		err := tunnel.Handshake(ctx, address.Host, tunnel.DefaultHandshakeTimeout)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s must answer, and does not within %s: %w", server, answerTimeout, err)
		case <-time.After(time.Second):
		}
	}
}
