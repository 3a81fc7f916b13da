package drills

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
)

// grownGiB is the size of the store's disk after the drill, in GiB.
const grownGiB = 32

func disk() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "disk", Program: programs.GrowbinName,
		About: "the disk of " + lostStore + " grows; then its StatefulSet and its claim are deleted by hand",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &growth{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "remember", Do: d.remember},
				{Name: "grow the disk", Do: d.grow},
				{Name: "delete set and claim", Do: d.deleteByHand},
				{Name: "up --refresh", Do: d.recover},
			}
		},
	}
}

// growth is the growth of a store's disk, with the objects before it.
type growth struct {
	*rehearsal.Rehearsal
	client kubernetes.Interface
	// requests are sent all the while.
	requests *requests
	// disk is the ID of the data volume.
	disk string
	before,
	after binding
}

// binding is a local volume with its claim and the pod that uses both.
type binding struct {
	volume *corev1.PersistentVolume
	// claim and pod are the UIDs of the objects.
	claim, pod types.UID
}

// bind reads the volume on the store's node, the claim that it is bound to, and the pod of the StatefulSet of that name.
func (d *growth) bind(ctx context.Context) (binding, error) {
	volumes, err := d.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return binding{}, fmt.Errorf("list volumes: %w", err)
	}
	for i := range volumes.Items {
		b := binding{volume: &volumes.Items[i]}
		terms := b.volume.Spec.NodeAffinity.Required.NodeSelectorTerms
		if !slices.Contains(terms[0].MatchExpressions[0].Values, lostStore) || b.volume.Spec.ClaimRef == nil {
			continue
		}
		ref := b.volume.Spec.ClaimRef
		claim, err := d.client.CoreV1().PersistentVolumeClaims(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return b, fmt.Errorf("read the claim: %w", err)
		}
		pod, err := d.client.CoreV1().Pods(ref.Namespace).Get(ctx, ref.Name+"-0", metav1.GetOptions{})
		if err != nil {
			return b, fmt.Errorf("read the pod: %w", err)
		}
		b.claim, b.pod = claim.UID, pod.UID
		return b, nil
	}
	return binding{}, fmt.Errorf("no volume of %s is bound to a claim", lostStore)
}

func (d *growth) remember(ctx context.Context) error {
	machine, err := d.Cloud.Machine(lostStore)
	if err != nil {
		return err
	}
	d.disk = dataVolume(machine)
	if d.client, err = d.Client(ctx); err != nil {
		return err
	}
	if d.before, err = d.bind(ctx); err != nil {
		return err
	}
	d.requests, err = sendRequests(ctx, d.Rehearsal, d.client)
	return err
}

// grow edits the setting as a person would.
func (d *growth) grow(ctx context.Context) error {
	entry := fmt.Sprintf("%s=%d", lostStore, grownGiB)
	if err := d.Engine.SetConfigPath(ctx, programs.KeyDataDiskGiB+"[0]", entry); err != nil {
		return err
	}
	if err := d.Redesign(func(config map[string]string) { config[programs.KeyDataDiskGiB] = fmt.Sprintf("[%q]", entry) }); err != nil {
		return err
	}
	result, err := d.Engine.Up(ctx, "grow", noOptions)
	if err != nil {
		return err
	}
	others := engine.Strings(slices.DeleteFunc(slices.Clone(result.Changes), func(c engine.Change) bool {
		return c.Operation == "update" && (c.Type == "aws:ebs/volume:Volume" || c.Type == "kubernetes:core/v1:PersistentVolume")
	}))
	d.Compare("resources changed besides the disk and its volume", "–", join(others), len(others) == 0 && result.Changed() == 2)
	if d.after, err = d.bind(ctx); err != nil {
		return err
	}
	size := func(b binding) string {
		capacity := b.volume.Spec.Capacity[corev1.ResourceStorage]
		return capacity.String()
	}
	d.Compare("capacity of the volume", size(d.before), size(d.after), size(d.after) == fmt.Sprintf("%dGi", grownGiB))
	d.Compare("claim", d.before.claim, d.after.claim, d.before.claim == d.after.claim)
	d.Compare("pod", d.before.pod, d.after.pod, d.before.pod == d.after.pod)
	machine, err := d.Cloud.Machine(lostStore)
	if err != nil {
		return err
	}
	d.Compare("disk", d.disk, dataVolume(machine), d.disk == dataVolume(machine))
	return nil
}

// deleteByHand deletes the StatefulSet and the claim, and waits until both are gone.
func (d *growth) deleteByHand(ctx context.Context) error {
	ref := d.after.volume.Spec.ClaimRef
	claims := d.client.CoreV1().PersistentVolumeClaims(ref.Namespace)
	if err := d.client.AppsV1().StatefulSets(ref.Namespace).Delete(ctx, ref.Name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("delete the StatefulSet: %w", err)
	}
	if err := claims.Delete(ctx, ref.Name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("delete the claim: %w", err)
	}
	return poll(ctx, rehearsal.Patience, func() error {
		_, err := claims.Get(ctx, ref.Name, metav1.GetOptions{})
		switch {
		case err == nil:
			return fmt.Errorf("the claim %s is still there", ref.Name)
		case !apierrors.IsNotFound(err):
			return err
		}
		volume, err := d.client.CoreV1().PersistentVolumes().Get(ctx, d.after.volume.Name, metav1.GetOptions{})
		if err == nil && volume.Status.Phase != corev1.VolumeReleased {
			err = fmt.Errorf("the volume %s is %s", volume.Name, volume.Status.Phase)
		}
		return err
	})
}

// recover runs the one command that a person would.
func (d *growth) recover(ctx context.Context) error {
	if _, err := d.Engine.Up(ctx, "up-refresh", engine.RunOptions{Refresh: true}); err != nil {
		return err
	}
	found, err := d.bind(ctx)
	if err != nil {
		return err
	}
	d.requests.compare(d.Rehearsal)
	d.Compare("volume after set and claim were deleted", d.before.volume.UID, found.volume.UID, d.before.volume.UID == found.volume.UID)
	d.Compare("its phase", d.before.volume.Status.Phase, found.volume.Status.Phase, found.volume.Status.Phase == corev1.VolumeBound)
	d.Compare("its claim, created anew", d.before.claim, found.claim, found.claim != d.before.claim && found.volume.Spec.ClaimRef.UID == found.claim)
	return nil
}

// poll tries until it succeeds, or returns the last error after the limit.
func poll(ctx context.Context, limit time.Duration, try func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// pause waits, unless the context ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
