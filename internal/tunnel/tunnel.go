package tunnel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/growbin/cluster/components/ports"
)

// maxFailures is the number of failed handshakes in a row after which a session is reopened. One may be a slow network.
const maxFailures = 2

// Run keeps the tunnel open until the context ends. It may be started before the cluster exists. When it returns, no process
// that it started is left.
func Run(ctx context.Context, options Options) error {
	o := options.withDefaults()
	if err := checkPrograms(); err != nil {
		return err
	}
	if err := o.checkPort(); err != nil {
		return err
	}
	for last := ""; ctx.Err() == nil; pause(ctx, o.Poll) {
		state, id := "", ""
		if found, err := o.instance(ctx); err != nil {
			state = fmt.Sprintf("cannot look up %s: %v", o.Node, err)
		} else if found == "" {
			state = fmt.Sprintf("waiting for %s of %s in %s", o.Node, o.Cluster, o.Region)
		} else if err := o.checkPort(); err != nil {
			state = err.Error()
		} else {
			id, state = found, fmt.Sprintf("forwarding %s to port %d of %s (%s)", o.address(), ports.APIServer, o.Node, found)
		}
		if ctx.Err() != nil {
			break
		}
		if state != last {
			o.Logf("%s", state)
			last = state
		}
		if id == "" {
			continue
		}
		if err := o.forward(ctx, id); err != nil {
			o.Logf("reopening: %v", err)
			last = ""
		}
	}
	return nil
}

// forward holds one session to an instance and returns the reason for which it has to be reopened; nil if the context ended.
func (o Options) forward(ctx context.Context, id string) error {
	s, err := o.startSession(id)
	if err != nil {
		return err
	}
	defer s.stop()
	opened := time.Now()
	ready, failures := false, 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.done:
			return fmt.Errorf("the session ended: %s", s.output.lastLine())
		case <-time.After(o.Poll):
		}
		switch err := o.handshake(ctx); {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			if !ready {
				o.Logf("%s is ready", o.address())
			}
			ready, failures = true, 0
		case ready:
			if failures++; failures == maxFailures {
				return fmt.Errorf("the API server no longer answers: %w", err)
			}
		case time.Since(opened) > o.OpenTimeout:
			return fmt.Errorf("no answer within %s: %w", o.OpenTimeout, err)
		}
		// An error of the lookup proves nothing about the instance: the session stays.
		if current, err := o.instance(ctx); err == nil && current != id {
			if current == "" {
				return fmt.Errorf("%s (%s) is gone", o.Node, id)
			}
			return fmt.Errorf("%s was replaced: %s is now %s", o.Node, id, current)
		}
	}
}

// Ready waits until the API server answers through the tunnel that another process keeps open. It returns nil at once if the
// cluster has no running control plane yet.
func Ready(ctx context.Context, options Options) error {
	o := options.withDefaults()
	id, err := o.instance(ctx)
	if err != nil {
		return err
	}
	if id == "" {
		o.Logf("%s has no running %s yet", o.Cluster, o.Node)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.ReadyTimeout)
	defer cancel()
	for {
		if err = o.handshake(ctx); err == nil {
			o.Logf("%s is ready, through %s (%s)", o.address(), o.Node, id)
			return nil
		}
		if pause(ctx, min(time.Second, o.Poll)); errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%s does not answer after %s; the tunnel must be running: %w", o.address(), o.ReadyTimeout, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// handshake checks that a TLS server answers through the port.
func (o Options) handshake(ctx context.Context) error {
	return Handshake(ctx, o.address(), o.HandshakeTimeout)
}

// Handshake checks that a TLS server answers at an address, HOST:PORT. A connection alone proves nothing: the plugin accepts it
// while its instance is gone.
func Handshake(ctx context.Context, address string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// The certificate is the client's to verify; no data is sent here.
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	return connection.Close()
}

// listens reports whether a TCP server accepts a connection at the address.
func listens(ctx context.Context, address string, timeout time.Duration) bool {
	connection, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// pause waits for a time or for the end of the context.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
