package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/growbin/cluster/components/ports"
)

// renewCertificates gives the control plane certificates that last ten days, as if it had run for a year, and starts the service
// that renews them. Servers must show the new ones.
func (r *run) renewCertificates(ctx context.Context) error {
	const short = `set -e
		sed 's/^kind: ClusterConfiguration$/&\ncertificateValidityPeriod: 240h0m0s/' /etc/kubeadm/kubeadm.yaml >/run/short.yaml
		kubeadm certs renew all --config /run/short.yaml`
	if _, err := r.controlPlane.Run(ctx, "bash", "-c", short); err != nil {
		return err
	}
	if _, err := r.controlPlane.Run(ctx, "systemctl", "start", "kubeadm-renew.service"); err != nil {
		return err
	}
	client, err := r.newClient(r.controlPlane) // the API server's connections are new, too
	if err != nil {
		return err
	}
	r.client = client
	for name, port := range map[string]int{"API server": ports.APIServer, "etcd": ports.EtcdPeer} {
		if err := r.checkServed(ctx, port); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.checkNodes(ctx)
}

// checkServed checks that a server of the control plane shows a certificate that lasts longer than the short one.
func (r *run) checkServed(ctx context.Context, port int) error {
	address := net.JoinHostPort(r.controlPlane.ec2.PrivateIP, strconv.Itoa(port))
	var seen *tls.Conn
	err := poll(ctx, recoveryTimeout, func(ctx context.Context) error {
		connection, err := r.network.Dial(ctx, "tcp", address)
		if err != nil {
			return err
		}
		defer connection.Close()
		seen = tls.Client(connection, &tls.Config{InsecureSkipVerify: true}) // its end is checked, not its issuer
		return seen.HandshakeContext(ctx)
	})
	if err != nil {
		return err
	}
	if certificates := seen.ConnectionState().PeerCertificates; len(certificates) == 0 || time.Until(certificates[0].NotAfter) < 30*24*time.Hour {
		return permanentError{errors.New("it still shows the certificate that ends soon")}
	}
	return nil
}
