package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/kubeadm"
)

// written is how many objects are written before a loss and counted after it.
const written = 50

// writeObjects writes what must not be lost.
func (r *run) writeObjects(ctx context.Context) error {
	for i := range written {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "kept-", Labels: map[string]string{"lab": "kept"}}, Data: map[string]string{"number": fmt.Sprint(i)}}
		if _, err := r.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("writing object %d: %w", i, err)
		}
	}
	return nil
}

func (r *run) countObjects(ctx context.Context) error {
	found, err := r.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "lab=kept"})
	if err != nil {
		return err
	}
	if len(found.Items) != written {
		return fmt.Errorf("%d of %d objects are there", len(found.Items), written)
	}
	return nil
}

// authority is the cluster's certificate authority, as its control plane has it.
func (r *run) authority(ctx context.Context) ([]byte, error) {
	variables, err := r.control.variables()
	if err != nil {
		return nil, err
	}
	text, err := r.control.Run(ctx, "cat", variables["STATE_DIR"]+"/pki/ca.crt")
	return []byte(text), err
}

// loseControlPlane throws the control plane's machine away, but for its data disk, and boots another from the same user data.
func (r *run) loseControlPlane(ctx context.Context) error {
	if err := r.writeObjects(ctx); err != nil {
		return err
	}
	if err := r.runPod(ctx, r.client, "survivor"); err != nil {
		return err
	}
	before, err := objects(ctx, r.client)
	if err != nil {
		return err
	}
	ca, err := r.authority(ctx)
	if err != nil {
		return err
	}
	started, err := r.podStart(ctx, "survivor")
	if err != nil {
		return err
	}
	since := time.Now()
	if err := r.control.discard(); err != nil {
		return err
	}
	id := r.door.Succeed(r.control.aws)
	if r.control, err = r.newMachine(ctx, r.controlPlaneName()); err != nil {
		return err
	}
	if err := r.control.Start(ctx); err != nil {
		return err
	}
	if _, err := r.control.waitFor(ctx, bootLimit, kubeadm.PhaseReady); err != nil {
		return err
	}
	// The kubeconfig must be that of the new machine.
	if r.client, err = r.Lab.client(r.control); err != nil {
		return fmt.Errorf("after instance %s took over: %w", id, err)
	}
	return r.sameCluster(ctx, since, before, ca, started)
}

// sameCluster checks that nothing of the cluster has been lost, and that the worker found it by itself.
func (r *run) sameCluster(ctx context.Context, since time.Time, before fingerprint, ca []byte, started metav1.Time) error {
	found, err := r.authority(ctx)
	if err != nil {
		return err
	}
	if !bytes.Equal(ca, found) {
		return errors.New("the certificate authority is another one")
	}
	if err := r.countObjects(ctx); err != nil {
		return err
	}
	if err := r.heardOf(ctx, since); err != nil {
		return err
	}
	after, err := objects(ctx, r.client)
	if err != nil {
		return err
	}
	var lost []string
	for _, change := range before.differences(after) {
		// kubeadm init writes its own configuration and roles again.
		if !strings.HasSuffix(change, " has changed") {
			lost = append(lost, change)
		}
	}
	if len(lost) > 0 {
		return errors.New(strings.Join(lost, "\n"))
	}
	again, err := r.podStart(ctx, "survivor")
	if err != nil {
		return err
	}
	if !again.Equal(&started) {
		return fmt.Errorf("the worker's pod was started again at %s; it ran since %s", again, started)
	}
	return nil
}

// podStart is when a pod's container was started.
func (r *run) podStart(ctx context.Context, name string) (metav1.Time, error) {
	pod, err := r.client.CoreV1().Pods(metav1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return metav1.Time{}, err
	}
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running != nil {
			return status.State.Running.StartedAt, nil
		}
	}
	return metav1.Time{}, fmt.Errorf("pod %s does not run", name)
}

// newCluster begins another cluster on blank disks, and cuts the control plane's power in every step of its birth.
func (r *run) newCluster(ctx context.Context) (err error) {
	for _, m := range []*Machine{r.worker, r.control} {
		if err := m.discard(); err != nil {
			return err
		}
		if err := r.blankDisk(m.aws.Name); err != nil {
			return err
		}
		r.door.Succeed(m.aws)
		if err := os.RemoveAll(m.Root); err != nil {
			return fmt.Errorf("removing a root disk: %w", err)
		}
	}
	if r.control, err = r.newMachine(ctx, r.controlPlaneName()); err != nil {
		return err
	}
	cuts, err := r.control.bootWithPowerCuts(ctx)
	if err != nil {
		return err
	}
	r.say("%s lost power %d times", r.control.aws.Name, cuts)
	if err := r.control.allDone(); err != nil {
		return err
	}
	found, err := r.control.fingerprint()
	if err != nil {
		return err
	}
	if changes := r.wholeControl.kinds().differences(found.kinds()); len(changes) > 0 {
		return fmt.Errorf("after %d power cuts it is not what it is without:\n%s", cuts, strings.Join(changes, "\n"))
	}
	if r.client, err = r.Lab.client(r.control); err != nil {
		return err
	}
	if r.worker, err = r.newMachine(ctx, r.options.Worker); err != nil {
		return err
	}
	if err := r.worker.Start(ctx); err != nil {
		return err
	}
	if _, err := r.worker.waitFor(ctx, bootLimit, kubeadm.PhaseReady); err != nil {
		return err
	}
	if err := r.checkNodes(ctx); err != nil {
		return err
	}
	return r.runPod(ctx, r.client, "second-cluster")
}
