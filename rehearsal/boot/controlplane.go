package boot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

// tokenLifetime is how long a bootstrap token is good for, as the boot scripts have it.
const tokenLifetime = 24 * time.Hour

// controlPlane is a control plane on the machine that runs it.
type controlPlane struct {
	machine string           // instance ID
	address string           // where it listens in the simulated world
	volume  string           // the folder of its data volume
	cluster *cluster.Cluster // nil while it starts
}

func (w *World) bootControlPlane(ctx context.Context, m Machine, node *userdata.Node, r *reporter) error {
	w.step(r, node.Name, "packages")
	programs, err := w.packages(ctx, m, node)
	if err != nil {
		return err
	}
	volume, err := w.dataDir(ctx, m, node, r)
	if err != nil {
		return err
	}
	w.step(r, node.Name, "restore")
	if err := w.restore(ctx, m, node, programs, volume); err != nil {
		return err
	}
	w.step(r, node.Name, "control-plane")
	running, err := w.startControlPlane(ctx, m, node, programs, volume)
	if err != nil {
		return err
	}
	if err := w.finishControlPlane(ctx, m, node, running); err != nil {
		w.stopControlPlane(m.ID)
		return err
	}
	w.step(r, node.Name, "publish")
	if err := publish(ctx, m, node, running); err != nil {
		w.stopControlPlane(m.ID)
		return err
	}
	return nil
}

// dataDir is the folder of the machine's data volume, or of its root disk when it has none.
func (w *World) dataDir(ctx context.Context, m Machine, node *userdata.Node, r *reporter) (string, error) {
	if !node.DataDisk {
		return filepath.Join(w.machineDir(m.ID), "data"), nil
	}
	w.step(r, node.Name, "data-disk")
	id, err := w.attached(ctx, m)
	if err != nil {
		return "", err
	}
	return w.volumeDir(id), nil
}

func (w *World) startControlPlane(ctx context.Context, m Machine, node *userdata.Node, programs map[string]string, volume string) (*cluster.Cluster, error) {
	files, err := filesOf(m.UserData)
	if err != nil {
		return nil, err
	}
	if err := w.claim(m.ID); err != nil {
		return nil, err
	}
	running, err := cluster.Start(ctx, cluster.Config{
		Binaries: programs, Kubeadm: node.KubeadmConfig, Files: files,
		VolumeDir: volume, RunDir: filepath.Join(w.machineDir(m.ID), "run"), APIPort: w.apiPort(),
		Log: func(format string, args ...any) { w.say(node.Name, format, args...) },
	})
	if err != nil {
		w.stopControlPlane(m.ID)
		return nil, err
	}
	host, port := running.AdvertiseAddress()
	address := net.JoinHostPort(host, strconv.Itoa(port))
	w.mu.Lock()
	w.control.address, w.control.volume, w.control.cluster = address, volume, running
	w.options.APIPort = running.APIPort() // a replaced control plane is found where its clients know it
	w.mu.Unlock()
	if host != m.PrivateIP {
		w.stopControlPlane(m.ID)
		return nil, fmt.Errorf("kubeadm advertises %s, but the machine's address is %s: etcd could not listen there", host, m.PrivateIP)
	}
	w.network.listen(address, running.Endpoint())
	go w.watch(running)
	return running, nil
}

// claim makes the machine the one that runs the control plane.
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

// watch hands on the news that a program of the control plane has died.
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

// finishControlPlane registers the control plane's own node, completes the cluster, and lets the nodes fall silent
// whose machines are gone: they may have been switched off while no control plane ran.
func (w *World) finishControlPlane(ctx context.Context, m Machine, node *userdata.Node, running *cluster.Cluster) error {
	identity, err := running.Kubelet()
	if err != nil {
		return err
	}
	if err := register(ctx, identity, m, node); err != nil {
		return err
	}
	w.registered(m, node.Name)
	if err := running.Complete(ctx); err != nil {
		return err
	}
	return w.silence(ctx)
}

// publish writes the join data and the administrator's kubeconfig, as the scripts renew-join and publish do.
func publish(ctx context.Context, m Machine, node *userdata.Node, running *cluster.Cluster) error {
	discovery, err := running.Discovery(ctx, tokenLifetime)
	if err != nil {
		return err
	}
	kubeconfig, err := running.Kubeconfig(ctx, node.Cluster+"-deployer")
	if err != nil {
		return err
	}
	message, err := json.Marshal(kubeadm.KubeconfigMessage{InstanceID: m.ID, Kubeconfig: string(kubeconfig)})
	if err != nil {
		return fmt.Errorf("writing the kubeconfig message: %w", err)
	}
	var problems []error
	for parameter, value := range map[string]string{node.JoinParameter: string(discovery), node.KubeconfigParameter: string(message)} {
		if err := m.PutParameter(parameter, value); err != nil {
			problems = append(problems, fmt.Errorf("publishing %s: %w", parameter, err))
		}
	}
	return errors.Join(problems...)
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

// filesOf are all files that the user data writes, by path.
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
