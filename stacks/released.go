package stacks

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// releasedImages holds the images of the running applications by kind and name, e.g. Deployment/waste-api. Releases own them, so
// an update applies the image that it finds. Pulumi's ignoreChanges would not do: for a field inside a list the provider applies
// the image of the state, which conflicts with that of the release. If a release changes the image between the read and the
// update, the update fails with the conflict, and changes nothing.
type releasedImages struct{ byName pulumi.StringMapOutput }

// readReleased reads the images from the API server. A preview without one assumes that nothing was released.
func readReleased(ctx *pulumi.Context, c *infrastructure) releasedImages {
	images := c.Kubeconfig.ApplyT(func(kubeconfig string) (map[string]string, error) {
		found, err := imagesIn(ctx.Context(), kubeconfig)
		if err != nil && ctx.DryRun() {
			return nil, nil
		}
		return found, err
	})
	// The images are none of the kubeconfig's secrets.
	return releasedImages{pulumi.Unsecret(images).(pulumi.StringMapOutput)}
}

// of returns the image of an object, or the one with which it begins.
func (r releasedImages) of(kind, name, first string) pulumi.StringInput {
	return r.byName.ApplyT(func(images map[string]string) string {
		if image, ok := images[kind+"/"+name]; ok {
			return image
		}
		return first
	}).(pulumi.StringOutput)
}

func imagesIn(ctx context.Context, kubeconfig string) (map[string]string, error) {
	client, err := connect(kubeconfig)
	if err != nil {
		return nil, err
	}
	images := map[string]string{}
	add := func(kind, name string, pod corev1.PodSpec) {
		for _, container := range pod.Containers {
			if container.Name == name {
				images[kind+"/"+name] = container.Image
			}
		}
	}
	deployments, err := client.AppsV1().Deployments(namespaceApplications).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the applications that run: %w", err)
	}
	for _, d := range deployments.Items {
		add("Deployment", d.Name, d.Spec.Template.Spec)
	}
	jobs, err := client.BatchV1().CronJobs(namespaceApplications).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	for _, j := range jobs.Items {
		add("CronJob", j.Name, j.Spec.JobTemplate.Spec.Template.Spec)
	}
	return images, nil
}
