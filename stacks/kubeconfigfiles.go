package stacks

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// kubeconfigFileAge is longer than an update takes, whose own file its Helm releases may still need.
const kubeconfigFileAge = 2 * time.Hour

// removeKubeconfigFiles removes the files that the Kubernetes provider has left in the temporary folder. Each of its processes
// writes the kubeconfig of the cluster there for Helm, with the key of an administrator, and never removes it
// (pulumi-kubernetes, provider/pkg/provider/util.go, writeKubeconfigToFile). Files of other clusters stay.
func removeKubeconfigFiles(folder, cluster string, now time.Time) error {
	paths, err := filepath.Glob(filepath.Join(folder, "kubeconfig*"))
	if err != nil {
		return fmt.Errorf("find kubeconfigs in %s: %w", folder, err)
	}
	var problems []error
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < kubeconfigFileAge {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte("\n  name: "+cluster+"\n")) {
			continue // another person's, or another cluster's
		}
		if err := os.Remove(path); err != nil {
			problems = append(problems, fmt.Errorf("remove a kubeconfig that the Kubernetes provider has left: %w", err))
		}
	}
	return errors.Join(problems...)
}
