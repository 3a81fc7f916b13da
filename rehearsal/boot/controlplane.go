package boot

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

// controlPlane is a control plane on the machine that runs it.
type controlPlane struct {
	machine string           // instance ID
	address string           // private address and port of the API server
	volume  string           // folder of the data volume
	cluster *cluster.Cluster // nil while it starts
}

// controlPlane starts the control plane, registers its own node, and completes the cluster.
func (a *attempt) controlPlane(ctx context.Context) error {
	files, err := filesOf(a.machine.UserData)
	if err != nil {
		return err
	}
	if err := a.claim(a.machine.ID); err != nil {
		return err
	}
	if err := a.encryptionKey(); err != nil {
		return err
	}
	if a.running, err = cluster.Start(ctx, cluster.Config{
		Binaries: a.programs, Kubeadm: a.node.KubeadmConfig, Files: files,
		VolumeDir: a.volume, RunDir: filepath.Join(a.machineDir(a.machine.ID), "run"), APIPort: a.apiPort(),
		Log: func(format string, args ...any) { a.log(a.node.Name, format, args...) },
	}); err != nil {
		return err
	}
	host, port := a.running.AdvertiseAddress()
	address := net.JoinHostPort(host, strconv.Itoa(port))
	a.mu.Lock()
	a.control.address, a.control.volume, a.control.cluster = address, a.volume, a.running
	a.options.APIPort = a.running.APIPort() // clients find a replaced control plane at the same port
	a.mu.Unlock()
	if host != a.machine.PrivateIP {
		return fmt.Errorf("kubeadm advertises %s, but the machine's address is %s: etcd could not listen there", host, a.machine.PrivateIP)
	}
	a.network.listen(address, a.running.Endpoint())
	go a.watch(a.running)
	return a.complete(ctx)
}

// complete registers the control plane's own node and completes the cluster. Nodes of terminated instances stop reporting:
// the instances may have been terminated while no control plane ran.
func (a *attempt) complete(ctx context.Context) error {
	identity, err := a.running.Kubelet()
	if err != nil {
		return err
	}
	if err := a.enroll(ctx, identity); err != nil {
		return err
	}
	if err := a.running.Complete(ctx); err != nil {
		return err
	}
	go a.approve(a.running)
	return a.silence(ctx)
}

// put writes a SecureString.
func (a *attempt) put(parameter string, value []byte) error {
	if err := a.machine.PutSecret(parameter, string(value), a.node.Key); err != nil {
		return fmt.Errorf("publish %s: %w", parameter, err)
	}
	return nil
}

// claim reserves the control plane for the machine.
func (w *World) claim(machine string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.control != nil {
		return fmt.Errorf("machine %s runs a control plane already; a rehearsal has one", w.control.machine)
	}
	w.control = &controlPlane{machine: machine}
	return nil
}

func (w *World) apiPort() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.options.APIPort
}

// watch forwards the failure of a program of the control plane.
func (w *World) watch(running *cluster.Cluster) {
	select {
	case err := <-running.Failed():
		select {
		case w.failed <- err:
		default:
		}
	case <-running.Stopped():
	}
}

// stopControlPlane stops the control plane if it runs on that machine.
func (w *World) stopControlPlane(machine string) {
	w.mu.Lock()
	control := w.control
	if control == nil || control.machine != machine {
		w.mu.Unlock()
		return
	}
	w.control = nil
	w.mu.Unlock()
	if control.cluster != nil { // otherwise it failed to start
		w.network.close(control.address)
		control.cluster.Stop()
	}
}

// filesOf returns the files in the user data, by path.
func filesOf(userData string) (map[string][]byte, error) {
	document, err := userdata.Decode(userData)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, file := range document.Files {
		files[file.Path] = []byte(file.Content)
	}
	return files, nil
}
