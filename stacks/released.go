package stacks

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ReleasedImages is the name of the parameter in which an update records the images that releases have changed.
const ReleasedImages = "released-images"

// releasedImages holds the images of the running applications by kind and name, e.g. Deployment/waste-api, where they differ from
// those of the settings. Releases own them, so an update applies the image that it finds. Pulumi's ignoreChanges would not do:
// for a field inside a list the provider applies the image of the state, which conflicts with that of the release. If a release
// changes the image between the read and the update, the update fails with the conflict, and changes nothing.
type releasedImages struct{ byName pulumi.StringOutput }

// readReleased reads the images from the API server. A preview without one assumes that nothing was released.
//
// The images pass through a parameter. If a Deployment depended on the kubeconfig, and so on the instance of the control plane,
// Pulumi would replace all Deployments with that instance: while the instance is away, every field is unknown, the selector too.
func readReleased(ctx *pulumi.Context, s *Settings, c *infrastructure) (releasedImages, error) {
	first := s.firstImages()
	images := c.Kubeconfig.ApplyT(func(kubeconfig string) (string, error) {
		found, err := imagesIn(ctx.Context(), kubeconfig)
		if err != nil && !ctx.DryRun() {
			return "", err
		}
		maps.DeleteFunc(found, func(name, image string) bool { return first[name] == image })
		if found == nil {
			found = map[string]string{}
		}
		text, err := json.Marshal(found)
		return string(text), err
	})
	parameter, err := ssm.NewParameter(ctx, ReleasedImages, &ssm.ParameterArgs{
		Name: pulumi.String("/" + s.ClusterName() + "/" + ReleasedImages), Type: pulumi.String("String"),
		Description: pulumi.String("Images of applications that a release has changed, as the last update found them"),
		// They are none of the kubeconfig's secrets.
		InsecureValue: pulumi.Unsecret(images).(pulumi.StringOutput),
	}, c.onAWS, pulumi.Parent(c.Cluster))
	if err != nil {
		return releasedImages{}, fmt.Errorf("store the images that releases have changed: %w", err)
	}
	return releasedImages{parameter.InsecureValue}, nil
}

// firstImages are the images with which the objects begin.
func (s *Settings) firstImages() map[string]string {
	images := map[string]string{}
	for _, a := range catalog {
		images["Deployment/"+a.Name] = s.Image(a.Name)
		if name := a.migration(); name != "" {
			images["CronJob/"+name] = s.Image(a.Name)
		}
	}
	return images
}

// of returns the image of an object, or the one with which it begins.
func (r releasedImages) of(kind, name, first string) pulumi.StringInput {
	return r.byName.ApplyT(func(text string) (string, error) {
		var images map[string]string
		if err := json.Unmarshal([]byte(text), &images); err != nil {
			return "", fmt.Errorf("read the images that releases have changed: %w", err)
		}
		return cmp.Or(images[kind+"/"+name], first), nil
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
