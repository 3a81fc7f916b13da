package cluster

import (
	"context"
	"fmt"

	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/testing/process"
)

// prepare lays out the two folders as kubeadm would find them on the machine.
func (c *Cluster) prepare(context.Context) error {
	if err := c.layout.prepare(); err != nil {
		return err
	}
	if err := dropLeafCertificates(c.layout.pki()); err != nil {
		return err
	}
	hostConfig, err := c.machine.onThisHost(c.layout)
	if err != nil {
		return err
	}
	if c.machine.patchesDir != "" { // kubeadm insists that it exists, and a file need not be in it
		if err := c.layout.write(c.machine.patchesDir+"/.keep", nil); err != nil {
			return err
		}
	}
	for path, content := range c.config.Files {
		if err := c.layout.write(path, content); err != nil {
			return err
		}
	}
	for path, content := range map[string][]byte{configPath: c.config.Kubeadm, hostConfigPath: hostConfig, egressConfigPath: egressConfig(c.layout)} {
		if err := c.layout.write(path, content); err != nil {
			return err
		}
	}
	return c.choosePorts()
}

// choosePorts gives each server of the control plane a port of this host.
func (c *Cluster) choosePorts() error {
	wanted := []int{c.machine.bindPort, etcdClientPort, etcdPeerPort, etcdMetricsPort, controllerManagerPort, schedulerPort, kwokPort}
	free, err := process.FreePorts(len(wanted))
	if err != nil {
		return err
	}
	c.ports = portMap{}
	for i, port := range wanted {
		c.ports[port] = free[i]
	}
	if c.config.APIPort != 0 {
		c.ports[c.machine.bindPort] = c.config.APIPort
	}
	return nil
}

// runPhases has kubeadm make everything that a control plane needs to start.
func (c *Cluster) runPhases(ctx context.Context) error {
	c.config.Log("kubeadm makes certificates, kubeconfig files and static pods")
	for _, phase := range c.phases() {
		if _, err := c.kubeadm(ctx, phase...); err != nil {
			return err
		}
	}
	var err error
	if c.server, err = serverOf(c.layout.kubeconfig("admin.conf")); err != nil {
		return err
	}
	if err := toLoopback(c.layout.host(kubernetesDir), c.APIPort()); err != nil {
		return err
	}
	admin, err := restConfig(c.layout.kubeconfig("super-admin.conf"))
	if err != nil {
		return err
	}
	if c.client, err = kubernetes.NewForConfig(admin); err != nil {
		return fmt.Errorf("making a client for the API server: %w", err)
	}
	c.admin, err = restConfig(c.layout.kubeconfig("admin.conf"))
	return err
}
