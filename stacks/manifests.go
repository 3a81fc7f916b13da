package stacks

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/cost"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/internal/release"
)

// Manifest is a file for the repository that Argo CD reads.
type Manifest struct {
	Name string
	Text []byte
}

// Manifests returns a file for each application: a Deployment that states its image and nothing else. Argo CD applies it on the
// server, so the repository owns the image, and the catalog owns selectors, tolerations, Secrets, resources and all else. If the image
// holds migrations, the file has their Job too, which Argo CD runs before the pods change.
func (s *Settings) Manifests(ctx context.Context) ([]Manifest, error) {
	resources, err := registered(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("read the migrations of the program: %w", err)
	}
	var files []Manifest
	for _, a := range s.Applications() {
		head := fmt.Sprintf("# The image of %s in stack %s. All else of the Deployment is the cluster program's: an entry here would fight with it.\n", a.Name, s.Stack)
		objects := []map[string]any{release.ImageOnly("apps/v1", "Deployment", namespaceApplications, a.Name, s.Image(a.Name))}
		if a.Migrates {
			head = fmt.Sprintf("# %s in stack %s: a release changes both images. Of the Deployment, the cluster program owns all but the image.\n", a.Name, s.Stack)
			job, err := s.migrationHook(a, resources)
			if err != nil {
				return nil, err
			}
			objects = append([]map[string]any{job}, objects...)
		}
		parts := make([][]byte, 0, len(objects))
		for _, object := range objects {
			text, err := yaml.Marshal(object)
			if err != nil {
				return nil, fmt.Errorf("manifest of %s: %w", a.Name, err)
			}
			parts = append(parts, text)
		}
		files = append(files, Manifest{a.Name + ".yaml", append([]byte(head), bytes.Join(parts, []byte("---\n"))...)})
	}
	return files, nil
}

// migrationHook returns the Job that growbin release would run, as a hook of Argo CD. Another sync replaces the Job of the last one.
// A failed one ends the sync: no pod changes.
func (s *Settings) migrationHook(a Application, resources []cost.Resource) (map[string]any, error) {
	i := slices.IndexFunc(resources, func(r cost.Resource) bool {
		return r.Type == "kubernetes:batch/v1:CronJob" && r.Name == a.migration()
	})
	if i < 0 {
		return nil, fmt.Errorf("the program registers no CronJob %s", a.migration())
	}
	var task struct {
		Metadata struct{ Labels map[string]string }
		Spec     struct {
			JobTemplate struct{ Spec map[string]any }
		}
	}
	if err := decodeInputs(resources[i].Inputs, &task); err != nil {
		return nil, fmt.Errorf("read CronJob %s: %w", a.migration(), err)
	}
	spec := task.Spec.JobTemplate.Spec
	delete(spec, "ttlSecondsAfterFinished") // Argo CD looks at the Job until it replaces it
	pod, _, err := unstructured.NestedFieldNoCopy(spec, "template", "spec")
	if err != nil {
		return nil, fmt.Errorf("read CronJob %s: %w", a.migration(), err)
	}
	a.completeHook(s, pod.(map[string]any))
	return map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": map[string]any{
			"name": a.migration(), "namespace": namespaceApplications, "labels": task.Metadata.Labels,
			"annotations": map[string]string{"argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"},
		},
		"spec": spec,
	}, nil
}

// completeHook sets the values of the pod that only a deployment knows.
func (a Application) completeHook(s *Settings, pod map[string]any) {
	container := pod["containers"].([]any)[0].(map[string]any)
	container["image"] = s.Image(a.Name)
	for _, variable := range container["env"].([]any) {
		if from, ok := variable.(map[string]any)["valueFrom"].(map[string]any); ok {
			from["secretKeyRef"].(map[string]any)["name"] = a.migration()
		}
	}
	if s.RegistryUsername != "" {
		pod["imagePullSecrets"] = []map[string]string{{"name": namespace.PullSecretName(namespaceApplications)}}
	}
}
