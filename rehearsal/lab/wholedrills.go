package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/internal/release"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/stacks"
)

// The nodes and the application of the drills.
const (
	drilledWorker   = "k8s-worker-ai"
	drilledStore    = "k8s-redis"
	releasedAPI     = "recycle-info-api" // has no migration
	releasedTag     = "1.1.0"
	notReadyTimeout = 3 * time.Minute // the controller manager waits for fifty seconds
)

// lostResources are the targets of the refresh after the loss of the control plane, as in docs/recover.md.
const lostResources = "**Instance$aws:**::%s*"

// during runs a drill while requests are sent, none of which may fail if strict.
func (w *whole) during(ctx context.Context, strict bool, drill func(context.Context) error) error {
	t := w.send(ctx)
	err := drill(ctx)
	failed := t.count(w.printf)
	if !strict || failed == 0 {
		return err
	}
	for _, line := range w.exceptions(context.WithoutCancel(ctx), t.first.Add(-time.Minute)) {
		w.printf("  %s", line)
	}
	return errors.Join(err, fmt.Errorf("%d requests failed, must be 0", failed))
}

// cutPower cuts the power of a worker while a photo is under way, waits until the cluster has noticed, and starts it again.
func (w *whole) cutPower(ctx context.Context) error {
	node, err := w.fleet.get(drilledWorker)
	if err != nil {
		return err
	}
	return w.during(ctx, true, func(ctx context.Context) error {
		if err := node.CutPower(); err != nil {
			return err
		}
		id, err := w.postPhoto(ctx, "can", 200)
		if err != nil {
			return err
		}
		w.printf("the power of %s is cut; a photo is posted; waiting until the node is NotReady", drilledWorker)
		if err := poll(ctx, notReadyTimeout, func(ctx context.Context) error { return w.requireReady(ctx, drilledWorker, false) }); err != nil {
			return err
		}
		w.printf("it is; the power is back; waiting for its pods")
		if err := node.Start(ctx); err != nil {
			return err
		}
		if err := w.awaitPods(ctx, drilledWorker); err != nil {
			return err
		}
		w.printf("all pods are Ready; waiting for the answer to the photo")
		return w.awaitAnswer(ctx, id, "can")
	})
}

// requireReady fails unless the node's condition Ready is as wanted.
func (w *whole) requireReady(ctx context.Context, name string, want bool) error {
	node, err := w.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if status, message := readiness(node); (status == corev1.ConditionTrue) != want {
		return fmt.Errorf("node %s: Ready is %s, must be %v: %s", name, status, want, message)
	}
	return nil
}

// awaitPods waits until a node is Ready, and then until every pod is.
func (w *whole) awaitPods(ctx context.Context, node string) error {
	if err := poll(ctx, recoveryTimeout, func(ctx context.Context) error { return w.requireReady(ctx, node, true) }); err != nil {
		return err
	}
	return w.checkPods(ctx)
}

// loseControlPlane loses the instance of the control plane, and recovers it as in docs/recover.md.
func (w *whole) loseControlPlane(ctx context.Context) error {
	name := w.controlPlaneName()
	if err := createObjects(ctx, w.client, "control-plane"); err != nil {
		return err
	}
	return w.during(ctx, true, func(ctx context.Context) error {
		former, err := w.cloud.Machine(name)
		if err != nil {
			return err
		}
		if err := w.cloud.LoseInstance(former.ID); err != nil {
			return err
		}
		w.printf("the host of %s (%s) has failed; pulumi refresh of its resources, then pulumi up", name, former.ID)
		if _, err := w.engine.Refresh(ctx, "lost-refresh", fmt.Sprintf(lostResources, name)); err != nil {
			return err
		}
		if err := w.recover(ctx, "lost-up", engine.RunOptions{}); err != nil {
			return err
		}
		if err := w.connect(); err != nil {
			return err
		}
		if err := checkObjects(ctx, w.client, "control-plane"); err != nil {
			return err
		}
		for _, node := range w.settings.Nodes {
			if err := poll(ctx, recoveryTimeout, func(ctx context.Context) error { return w.requireReady(ctx, node.Name, true) }); err != nil {
				return err
			}
		}
		return w.checkPods(ctx)
	})
}

// recover runs pulumi up.
func (w *whole) recover(ctx context.Context, name string, options engine.RunOptions) error {
	return w.operate(ctx, func(ctx context.Context) error {
		result, err := w.engine.Up(ctx, name, options)
		if err == nil {
			w.printf("the update changed %d resources", result.Changed())
		}
		return err
	})
}

// connect makes a client with the kubeconfig of the present control plane.
func (w *whole) connect() error {
	controlPlane, err := w.fleet.get(w.controlPlaneName())
	if err != nil {
		return err
	}
	w.client, err = w.newClient(controlPlane)
	return err
}

// replaceStore loses the instance of a store, and has pulumi up --refresh make another with the same volume.
func (w *whole) replaceStore(ctx context.Context) error {
	return w.during(ctx, false, func(ctx context.Context) error {
		if err := w.cloud.LoseInstance(drilledStore); err != nil {
			return err
		}
		w.printf("the host of %s has failed; waiting until the node is NotReady", drilledStore)
		if err := poll(ctx, notReadyTimeout, func(ctx context.Context) error { return w.requireReady(ctx, drilledStore, false) }); err != nil {
			return err
		}
		w.printf("it is; pulumi up --refresh")
		if err := w.recover(ctx, "store-up", engine.RunOptions{Refresh: true}); err != nil {
			return err
		}
		if err := w.awaitPods(ctx, drilledStore); err != nil {
			return err
		}
		w.printf("all pods are Ready; the answer to the first photo must still be in Redis")
		if err := w.awaitAnswer(ctx, w.photo, "bottle"); err != nil {
			return err
		}
		id, err := w.postPhoto(ctx, "newspaper", 201)
		if err != nil {
			return err
		}
		return w.awaitAnswer(ctx, id, "newspaper")
	})
}

// releaseAPI releases an API by the identity that the stack has for it.
func (w *whole) releaseAPI(ctx context.Context) error {
	return w.during(ctx, true, func(ctx context.Context) error { return w.release(ctx, releasedAPI, releasedTag) })
}

// migrate releases the image that runs already of each application whose image holds migrations: a new database is empty.
func (w *whole) migrate(ctx context.Context) error {
	var problems []error
	for _, a := range w.settings.Applications() {
		if a.Migrates {
			_, tag, _ := strings.Cut(strings.TrimPrefix(w.settings.Image(a.Name), w.settings.ImageRegistry), ":")
			problems = append(problems, w.release(ctx, a.Name, tag))
		}
	}
	return errors.Join(problems...)
}

// release releases an application with the identity that the program published for it.
func (w *whole) release(ctx context.Context, name, tag string) error {
	kubeconfig, err := w.cloud.Parameter(stacks.ReleaseParameter(w.stack(), name))
	if err != nil {
		return err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		return fmt.Errorf("the kubeconfig for releases: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	row, image, err := w.settings.ReleaseImage(name, tag)
	if err != nil {
		return err
	}
	return release.Run(ctx, release.Options{
		Client: client, Namespace: stacks.ReleaseNamespace, Application: name, Image: image, Migration: row.Migration(),
		Timeout: objectPatience, Poll: time.Second, Logf: w.printf,
	})
}
