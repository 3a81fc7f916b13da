package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// revisionBump is added to etcd's revision by a restore, so that no client sees a revision twice. The boot scripts have it too.
const revisionBump = "1000000000"

// SnapshotStatus is the status that etcdutl reports for a snapshot.
type SnapshotStatus struct {
	Revision  int64 `json:"revision"`
	TotalKeys int64 `json:"totalKey"`
	// Size is in bytes.
	Size int64 `json:"totalSize"`
}

// Snapshot saves etcd to a file with the real etcdctl, by the certificate that the boot scripts use, and has etcdutl check it.
func (c *Cluster) Snapshot(ctx context.Context, path string) (SnapshotStatus, error) {
	pki := filepath.Join(c.layout.pki(), "etcd")
	endpoint := "https://127.0.0.1:" + strconv.Itoa(c.ports[etcdClientPort])
	if _, err := runEtcdTool(ctx, c.config.Binaries, "etcdctl", "--endpoints="+endpoint, "--cacert="+filepath.Join(pki, "ca.crt"),
		"--cert="+filepath.Join(pki, "healthcheck-client.crt"), "--key="+filepath.Join(pki, "healthcheck-client.key"), "snapshot", "save", path); err != nil {
		return SnapshotStatus{}, err
	}
	output, err := runEtcdTool(ctx, c.config.Binaries, "etcdutl", "snapshot", "status", "-w", "json", path)
	if err != nil {
		return SnapshotStatus{}, err
	}
	var status SnapshotStatus
	if err := json.Unmarshal(output, &status); err != nil {
		return SnapshotStatus{}, fmt.Errorf("read the status of %s: %w", path, err)
	}
	return status, nil
}

// RestoreSnapshot makes etcd's data of a snapshot with the real etcdutl, for the only member of a cluster: the node, at its
// private address. The folder must not exist.
func RestoreSnapshot(ctx context.Context, binaries map[string]string, snapshot, dataDir, node, address string) error {
	peer := "https://" + address + ":" + strconv.Itoa(etcdPeerPort)
	_, err := runEtcdTool(ctx, binaries, "etcdutl", "snapshot", "restore", snapshot, "--data-dir", dataDir, "--name", node, "--initial-cluster", node+"="+peer,
		"--initial-advertise-peer-urls", peer, "--bump-revision", revisionBump, "--mark-compacted")
	return err
}

// EtcdVersion is the version of the etcd among the programs, without a leading v.
func EtcdVersion(ctx context.Context, binaries map[string]string) (string, error) {
	output, err := runEtcdTool(ctx, binaries, "etcd", "--version")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(output)) {
		if version, found := strings.CutPrefix(strings.TrimSpace(line), "etcd Version: "); found {
			return version, nil
		}
	}
	return "", fmt.Errorf("etcd reports no version: %q", output)
}

func runEtcdTool(ctx context.Context, binaries map[string]string, name string, args ...string) ([]byte, error) {
	if binaries[name] == "" {
		return nil, errors.New("no program for " + name + " was given")
	}
	command := exec.CommandContext(ctx, binaries[name], args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
