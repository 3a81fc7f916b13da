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

// writeObjects writes what must not be lost in a drill.
func (r *run) writeObjects(ctx context.Context, drill string) error {
	for i := range written {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "kept-", Labels: map[string]string{"drill": drill}}, Data: map[string]string{"number": fmt.Sprint(i)}}
		if _, err := r.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("writing object %d: %w", i, err)
		}
	}
	return nil
}

func (r *run) countObjects(ctx context.Context, drill string) error {
	found, err := r.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "drill=" + drill})
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
	return r.lose(ctx, "machine", func(context.Context) error { return nil })
}

// loseDisk throws the data disk away too: what comes back is the last backup.
func (r *run) loseDisk(ctx context.Context) error {
	return r.lose(ctx, "disk", func(ctx context.Context) error {
		if _, err := r.control.Run(ctx, "systemctl", "start", "kubeadm-backup.service"); err != nil {
			return err
		}
		return r.blankDiskOnceOff(r.controlPlaneName())
	})
}

// lose writes objects and starts a pod, replaces the control plane's machine, and expects the same cluster. What prepare does
// comes between: the machine still runs then.
func (r *run) lose(ctx context.Context, drill string, prepare func(context.Context) error) error {
	if err := r.writeObjects(ctx, drill); err != nil {
		return err
	}
	pod := "survivor-" + drill
	if err := r.runPod(ctx, r.client, pod); err != nil {
		return err
	}
	before, err := r.before(ctx, pod)
	if err != nil {
		return err
	}
	if err := prepare(ctx); err != nil {
		return err
	}
	since := time.Now()
	if err := r.replaceControl(ctx); err != nil {
		return err
	}
	if err := r.countObjects(ctx, drill); err != nil {
		return err
	}
	return r.sameCluster(ctx, since, before, pod)
}

// replaceControl boots another machine in the control plane's place. Its kubeconfig must be its own.
func (r *run) replaceControl(ctx context.Context) error {
	if err := r.control.discard(); err != nil {
		return err
	}
	r.awsapi.Succeed(r.control.aws)
	return r.bootControlPlane(ctx)
}

// identity is what makes a cluster the same one.
type identity struct {
	objects   fingerprint
	authority []byte
	started   metav1.Time
}

func (r *run) before(ctx context.Context, pod string) (found identity, err error) {
	if found.objects, err = objects(ctx, r.client); err != nil {
		return found, err
	}
	if found.authority, err = r.authority(ctx); err != nil {
		return found, err
	}
	found.started, err = r.podStart(ctx, pod)
	return found, err
}

// sameCluster checks that nothing of the cluster has been lost, and that the worker found it by itself.
func (r *run) sameCluster(ctx context.Context, since time.Time, before identity, pod string) error {
	if err := r.heardOf(ctx, since); err != nil {
		return err
	}
	after, err := r.before(ctx, pod)
	if err != nil {
		return err
	}
	if !bytes.Equal(before.authority, after.authority) {
		return errors.New("the certificate authority is another one")
	}
	var lost []string
	for _, change := range before.objects.differences(after.objects) {
		// kubeadm init writes its own configuration and roles again.
		if strings.HasSuffix(change, " has gone") || strings.HasPrefix(change, "namespace ") || strings.HasPrefix(change, "service account ") {
			lost = append(lost, change)
		}
	}
	if len(lost) > 0 {
		return errors.New(strings.Join(lost, "\n"))
	}
	if !after.started.Equal(&before.started) {
		return fmt.Errorf("the worker's pod was started again at %s; it ran since %s", after.started, before.started)
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
		r.awsapi.Succeed(m.aws)
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
