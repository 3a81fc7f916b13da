package k8sprovider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// How long is waited, unless a resource option or an annotation says otherwise (await/*.go).
const (
	defaultTimeout = 10 * time.Minute
	volumeTimeout  = 5 * time.Minute
)

// How often the API server is asked, after how long the display is first told what is waited for, and how often it is
// told the same again.
const (
	pollEvery   = 250 * time.Millisecond
	firstStatus = 2 * time.Second
	statusAgain = 15 * time.Second
)

// teller shows what is waited for when that changes, and now and then that it is still the same.
type teller struct {
	instance *instance
	urn      string
	last     string
	next     time.Time
}

func (i *instance) teller(urn string) *teller {
	return &teller{instance: i, urn: urn, next: time.Now().Add(firstStatus)}
}

func (t *teller) tell(waiting string) {
	now := time.Now()
	if now.Before(t.next) && (t.last == "" || t.last == waiting) {
		return
	}
	t.instance.Status(t.urn, "%s", waiting)
	t.last, t.next = waiting, now.Add(statusAgain)
}

// condition says whether an object does its work; if not, what it is waiting for. An error ends the wait.
type condition func(ctx context.Context, c *cluster, live *unstructured.Unstructured) (ready bool, waiting string, err error)

// conditions are the kinds that are waited for (await/awaiters.go); any other is ready when it is there.
var conditions = map[schema.GroupKind]condition{
	{Group: "apps", Kind: "Deployment"}:                               deploymentReady,
	{Group: "apps", Kind: "StatefulSet"}:                              statefulSetReady,
	{Group: "apps", Kind: "DaemonSet"}:                                daemonSetReady,
	{Group: "batch", Kind: "Job"}:                                     jobReady,
	{Kind: "Pod"}:                                                     podReady,
	{Kind: "Service"}:                                                 serviceReady,
	{Kind: "PersistentVolumeClaim"}:                                   claimReady,
	{Kind: "PersistentVolume"}:                                        volumeReady,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: definitionReady,
}

// await waits until a live object is ready and returns it as it is then. With an error it is the last one seen.
func (i *instance) await(
	ctx context.Context, urn string, wanted, live *unstructured.Unstructured, seconds float64,
) (*unstructured.Unstructured, error) {
	ready, ok := conditions[live.GroupVersionKind().GroupKind()]
	if !ok || isPatch(urn) || annotation(wanted, skipAwaitAnnotation) == "true" {
		return live, nil
	}
	limit := i.timeoutOf(wanted, seconds)
	deadline, display := time.Now().Add(limit), i.teller(urn)
	for {
		done, waiting, err := ready(ctx, i.cluster, live)
		if done || err != nil {
			return live, err
		}
		if time.Now().After(deadline) {
			return live, fmt.Errorf("timed out after %s: %s%s", limit, waiting, i.cluster.explain(ctx, live))
		}
		display.tell(waiting)
		if err := pause(ctx); err != nil {
			return live, fmt.Errorf("cancelled while waiting: %s", waiting)
		}
		now, err := i.cluster.get(ctx, live)
		switch {
		case err == nil:
			live = now
		case apierrors.IsNotFound(err):
			return live, fmt.Errorf("%s was deleted while it was waited for", id(live))
		case errors.Is(err, context.Canceled):
			return live, fmt.Errorf("cancelled while waiting: %s", waiting)
		}
	}
}

// awaitGone waits until an object, or the one that now has its name, is no longer the one that was deleted.
func (i *instance) awaitGone(
	ctx context.Context, urn string, object *unstructured.Unstructured, limit time.Duration,
) error {
	deadline, display := time.Now().Add(limit), i.teller(urn)
	for {
		live, err := i.cluster.get(ctx, object)
		if apierrors.IsNotFound(err) || noMatch(err) || err == nil && live.GetUID() != object.GetUID() {
			return nil
		}
		waiting := "waiting for it to be gone"
		if err != nil {
			waiting = err.Error()
		} else if left := finalizers(live); left != "" {
			waiting += ", held by " + left
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("timed out after %s: %s", limit, waiting)
		}
		display.tell(waiting)
		if pause(ctx) != nil {
			return fmt.Errorf("cancelled while %s", waiting)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pollEvery):
		return nil
	}
}

// timeoutOf is how long an object is waited for here.
func (i *instance) timeoutOf(object *unstructured.Unstructured, seconds float64) time.Duration {
	limit := timeoutOf(object, seconds)
	if patience := i.provider.patience; patience > 0 {
		return min(limit, patience)
	}
	return limit
}

// timeoutOf takes the resource option customTimeouts first, then the annotation, then the default of the kind.
func timeoutOf(object *unstructured.Unstructured, seconds float64) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	if text := annotation(object, timeoutAnnotation); text != "" {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			return time.Duration(n) * time.Second
		}
	}
	switch object.GetKind() {
	case "PersistentVolume", "PersistentVolumeClaim":
		return volumeTimeout
	}
	return defaultTimeout
}

// finalizers names what holds a deleted object back; of a namespace, what is still in it.
func finalizers(live *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, item := range conditions {
		c, _ := item.(map[string]any)
		if live.GetKind() == "Namespace" && c["status"] == "True" && c["type"] == "NamespaceContentRemaining" {
			return fmt.Sprint(c["message"])
		}
	}
	if held := live.GetFinalizers(); len(held) > 0 {
		return fmt.Sprint(held)
	}
	return ""
}
