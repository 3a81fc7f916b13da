package cluster

import (
	"context"
	"path/filepath"
)

// ValidateJoin has the real kubeadm check a worker's configuration strictly, with the join data in its place. It
// uses the folder dir for the files.
func ValidateJoin(ctx context.Context, kubeadm string, config, discovery []byte, dir string) error {
	documents, err := splitDocuments(config)
	if err != nil {
		return err
	}
	l := layout{run: filepath.Join(dir, "join")}
	const discoveryPath = "/etc/kubeadm/discovery.conf"
	for _, document := range documents {
		if document["kind"] == "JoinConfiguration" { // kubeadm looks for the file on the host it runs on
			setField(document, l.host(discoveryPath), "discovery", "file", "kubeConfigPath")
		}
	}
	content, err := joinDocuments(documents)
	if err != nil {
		return err
	}
	if err := l.write(discoveryPath, discovery); err != nil {
		return err
	}
	if err := l.write(hostConfigPath, content); err != nil {
		return err
	}
	_, err = runKubeadm(ctx, kubeadm, l, "config", "validate", "--config", l.host(hostConfigPath))
	return err
}
