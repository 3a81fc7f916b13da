package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/cis"
	"github.com/growbin/cluster/rehearsal/lab/rootfs"
	"github.com/growbin/cluster/rehearsal/tools"
)

// auditDirectory holds kube-bench on a host while it runs.
const auditDirectory = "/opt/audit"

// checkControls has kube-bench audit both nodes, and compares its results with the table.
func (r *run) checkControls(ctx context.Context) error {
	controls, err := cis.Controls()
	if err != nil {
		return err
	}
	var results []cis.Result
	for i, targets := range map[*instance]string{r.controlPlane: "master,etcd,controlplane,node,policies", r.worker: "node"} {
		found, err := r.audit(ctx, i, targets)
		if err != nil {
			return fmt.Errorf("%s: %w", i.ec2.Name, err)
		}
		results = append(results, found...)
	}
	for _, result := range results {
		r.logf("control %s: %s on %s: %s %s", result.ID, result.Status, result.Node, result.Actual, result.Reason)
	}
	var problems []error
	for _, problem := range cis.Compare(controls, results) {
		problems = append(problems, errors.New(problem))
	}
	return errors.Join(problems...)
}

// audit runs kube-bench on an instance.
func (r *run) audit(ctx context.Context, i *instance, targets string) ([]cis.Result, error) {
	files, err := r.auditFiles(ctx, i)
	if err != nil {
		return nil, err
	}
	if err := rootfs.Write(i.Root, files...); err != nil {
		return nil, err
	}
	defer os.RemoveAll(filepath.Join(i.Root, auditDirectory))
	// The audits are written for bash under the name sh.
	const script = `mount --bind /usr/bin/bash "$(readlink -f /bin/sh)" && cd "$1" && PATH=$1:$PATH KUBECONFIG=/etc/kubernetes/admin.conf \
  exec kube-bench run --config-dir "$1/cfg" --config "$1/cfg/config.yaml" --benchmark "$2" --targets "$3" --json --outputfile "$1/results"`
	if output, err := i.Run(ctx, "unshare", "--mount", "bash", "-c", script, "bash", auditDirectory, tools.KubeBenchmark, targets); err != nil {
		return nil, fmt.Errorf("%w: %s", err, output)
	}
	return readAudit(filepath.Join(i.Root, auditDirectory, "results"), i.ec2.Name)
}

// auditFiles are kube-bench and its controls, with this cluster's path of the certificates in place of kubeadm's default.
func (r *run) auditFiles(ctx context.Context, i *instance) ([]rootfs.File, error) {
	builder, err := r.builder()
	if err != nil {
		return nil, err
	}
	programs, err := builder.Build(ctx, tools.KubeBench(), tools.Jq())
	if err != nil {
		return nil, err
	}
	source, err := builder.KubeBenchControls(ctx)
	if err != nil {
		return nil, err
	}
	variables, err := i.variables()
	if err != nil {
		return nil, err
	}
	own := strings.NewReplacer()
	if i.node.ControlPlane {
		own = strings.NewReplacer("/etc/kubernetes/pki", variables[userdata.EnvStateDir]+"/pki")
	}
	files := []rootfs.File{
		rootfs.Program(auditDirectory+"/kube-bench", programs["kube-bench"]), rootfs.Program(auditDirectory+"/jq", programs["jq"]),
	}
	paths, err := filepath.Glob(filepath.Join(source, tools.KubeBenchmark, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range append(paths, filepath.Join(source, "config.yaml")) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return nil, err
		}
		files = append(files, rootfs.File{Path: auditDirectory + "/cfg/" + name, Content: own.Replace(string(text))})
	}
	return files, nil
}

// readAudit reads kube-bench's report about a node.
func readAudit(path, node string) ([]cis.Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var report struct {
		Controls []struct {
			Tests []struct{ Results []cis.Result }
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("reading kube-bench's report: %w", err)
	}
	var results []cis.Result
	for _, control := range report.Controls {
		for _, group := range control.Tests {
			for _, result := range group.Results {
				result.Node = node
				results = append(results, result)
			}
		}
	}
	return results, nil
}
