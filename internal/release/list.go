package release

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Running is the state of one application.
type Running struct {
	Application string
	// Tag is that of the image; Owner is the field manager that set it.
	Tag, Owner string
	// Ready and Wanted are numbers of pods.
	Ready, Wanted int32
	// Complete is false while a release or a rollback is under way.
	Complete bool
	// Since is the time at which the tag was set.
	Since time.Time
}

// List reads the Deployments of the given names.
func List(ctx context.Context, client kubernetes.Interface, namespace string, names []string) ([]Running, error) {
	var list []Running
	for _, name := range names {
		d, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read Deployment %s: %w", name, err)
		}
		image, err := ImageOf(d)
		if err != nil {
			return nil, err
		}
		// A digest may follow the tag.
		_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		r := Running{Application: name, Tag: tag, Ready: d.Status.AvailableReplicas, Wanted: wantedReplicas(d), Complete: Complete(d)}
		r.Owner, r.Since = owner(d)
		list = append(list, r)
	}
	return list, nil
}

// owner returns the field manager of the image, and the time of its last change: a release's, or else Pulumi's.
func owner(d *appsv1.Deployment) (string, time.Time) {
	for _, m := range d.ManagedFields {
		if m.Manager == Manager && m.Time != nil {
			return "release", m.Time.Time
		}
	}
	return "imageTag", d.CreationTimestamp.Time
}

// Print writes the applications as a table.
func Print(out io.Writer, list []Running) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "APPLICATION\tTAG\tPODS\tSTATE\tBY\tSINCE (UTC)")
	for _, r := range list {
		state := "running"
		if !r.Complete {
			state = "changing"
		}
		fmt.Fprintf(table, "%s\t%s\t%d/%d\t%s\t%s\t%s\n", r.Application, r.Tag, r.Ready, r.Wanted, state, r.Owner, r.Since.UTC().Format("2006-01-02 15:04"))
	}
	return table.Flush()
}
