package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/growbin/cluster/components/ports"
)

// serveTunnel forwards the connections of a local port to the API server until ctx ends, as `growbin tunnel` does on a person's
// machine. Each goes to the control plane of that moment, so a replaced one is found again.
func (l *Lab) serveTunnel(ctx context.Context) {
	context.AfterFunc(ctx, func() { _ = l.tunnel.Close() })
	for {
		local, err := l.tunnel.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go l.forward(ctx, local)
		}
	}
}

// controlPlaneAddress returns the address of the API server, or an error while no control plane runs.
func (l *Lab) controlPlaneAddress() (string, error) {
	for _, machine := range l.cloud.Machines() {
		if machine.Name == l.controlPlaneName() {
			return net.JoinHostPort(machine.PrivateIP, strconv.Itoa(ports.APIServer)), nil
		}
	}
	return "", errors.New("no control plane is running")
}

// forward carries one connection. Nobody answers while there is no control plane: the client sees a closed connection.
func (l *Lab) forward(ctx context.Context, local net.Conn) {
	defer local.Close()
	address, err := l.controlPlaneAddress()
	if err != nil {
		return
	}
	remote, err := l.network.Dial(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer remote.Close()
	stop := context.AfterFunc(ctx, func() { _ = local.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { relay(remote, local) })
	both.Go(func() { relay(local, remote) })
	both.Wait()
}

// relay copies until one side ends, and closes both, which ends the other direction.
func relay(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}
