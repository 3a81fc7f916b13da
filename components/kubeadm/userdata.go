// Package kubeadm turns EC2 instances into a Kubernetes cluster: it renders their user data, and creates their SSM parameters,
// roles and security rules.
package kubeadm

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

const (
	bootUnit   = "kubeadm-bootstrap.service"
	guardUnit  = "kubeadm-metadata.service"
	joinUnit   = "kubeadm-approve.service"
	renewUnit  = "kubeadm-renew.service"
	renewTimer = "kubeadm-renew.timer"
	saveUnit   = "kubeadm-backup.service"
	saveTimer  = "kubeadm-backup.timer"
	spotUnit   = "kubeadm-spot.service"
)

// podsDropIn configures the slice of all pods. It denies the metadata service to root's pods on the host's network as well.
const podsDropIn = "/etc/systemd/system/kubepods.slice.d/10-metadata.conf"

func newFile(path, permissions, content string) userdata.File {
	return userdata.File{Path: path, Owner: "root:root", Permissions: permissions, Content: content}
}

// ControlPlaneUserData renders the user data of the control plane: base64 of a gzipped cloud-config.
func ControlPlaneUserData(config ControlPlaneConfig) (string, error) {
	config.NodeConfig = config.NodeConfig.withDefaults()
	config.BackupSchedule = cmp.Or(config.BackupSchedule, DefaultBackupSchedule)
	if err := config.Validate(); err != nil {
		return "", fmt.Errorf("control plane %q:\n%w", config.Name, err)
	}
	var dns string
	if config.DNS != nil {
		var err error
		if dns, err = config.DNS.patch(); err != nil {
			return "", fmt.Errorf("control plane %q: %w", config.Name, err)
		}
	}
	return config.render(parts{
		documents: config.documents(),
		patch:     config.kubeletPatch(config.certificatesDir() + "/ca.crt"),
		dns:       dns,
		variables: config.variables(),
		scripts:   []string{"archive.sh", "restore.sh", "control-plane.sh", "approve.sh", "publish.sh", "renew.sh", "backup.sh"},
		files:     apiServerFiles,
		units:     []string{joinUnit, renewUnit, renewTimer, saveUnit, saveTimer},
		schedule:  config.BackupSchedule,
	})
}

// WorkerUserData renders the user data of a worker: base64 of a gzipped cloud-config.
func WorkerUserData(config WorkerConfig) (string, error) {
	config.NodeConfig = config.NodeConfig.withDefaults()
	if err := config.Validate(); err != nil {
		return "", fmt.Errorf("worker %q:\n%w", config.Name, err)
	}
	p := parts{
		documents: config.documents(),
		patch:     config.kubeletPatch(workerCA),
		variables: config.variables(),
		scripts:   []string{"node.sh", "worker.sh"},
	}
	if config.Spot {
		p.scripts, p.units = append(p.scripts, "spot.sh"), []string{spotUnit}
	}
	return config.render(p)
}

// parts differ by role.
type parts struct {
	documents []any
	patch     kubeletConfiguration
	// dns is the patch of CoreDNS; empty for none.
	dns       string
	variables []variable
	scripts   []string
	// files are embedded files for userdata.APIServerDir.
	files []string
	units []string
	// schedule is when the units' timer for backups runs.
	schedule string
}

func (c *NodeConfig) render(p parts) (string, error) {
	files, err := c.files(p)
	if err != nil {
		return "", fmt.Errorf("user data of %s: %w", c.Name, err)
	}
	text, err := yaml.Marshal(userdata.Document{
		Hostname: c.Name,
		Apt:      userdata.NewApt(c.Sources.UbuntuAPT),
		Files:    files,
		Commands: [][]string{
			{"systemctl", "daemon-reload"},
			// Not awaited: cloud-init is done, and the unit must also run at later boots.
			{"systemctl", "enable", "--now", "--no-block", bootUnit},
		},
	})
	if err != nil {
		return "", fmt.Errorf("user data of %s: writing YAML: %w", c.Name, err)
	}
	return pack(c.Name, append([]byte("#cloud-config\n"), text...))
}

func (c *NodeConfig) files(p parts) ([]userdata.File, error) {
	config, err := marshalDocuments(p.documents...)
	if err != nil {
		return nil, err
	}
	patch, err := marshalDocuments(p.patch)
	if err != nil {
		return nil, err
	}
	environment, err := quote(p.variables)
	if err != nil {
		return nil, err
	}
	files := []userdata.File{newFile(userdata.EnvironmentPath, "0644", environment)}
	if len(p.documents) > 0 { // an instance that becomes an image is no node
		files = append(files, newFile(userdata.KubeadmConfigPath, "0600", config), newFile(userdata.KubeletPatchPath, "0644", patch))
	}
	if p.dns != "" {
		files = append(files, newFile(userdata.CoreDNSPatchPath, "0644", p.dns))
	}
	names := append(append([]string{}, commonScripts...), p.scripts...)
	if c.DataMount != "" {
		names = append(names, "data-disk.sh")
	}
	for _, name := range names {
		file, err := scriptFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for _, name := range p.files {
		file, err := embedded(name, userdata.APIServerDir+"/"+name, "0644")
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for _, name := range append([]string{bootUnit, guardUnit}, p.units...) {
		file, err := unitFile(name)
		if err != nil {
			return nil, err
		}
		if name == saveTimer {
			file.Content = strings.Replace(file.Content, "SCHEDULE", p.schedule, 1)
		}
		files = append(files, file)
	}
	address, err := url.Parse(c.Sources.IMDSEndpoint)
	if err != nil {
		return nil, fmt.Errorf("address of the metadata service: %w", err)
	}
	hosts, err := c.Sources.hosts()
	if err != nil {
		return nil, err
	}
	files = append(files, hosts...)
	return append(files, newFile(podsDropIn, "0644", "[Slice]\nIPAddressDeny="+address.Hostname()+"\n")), nil
}

// pack compresses and encodes the text, and returns an error if it exceeds EC2's limit.
func pack(node string, text []byte) (string, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", fmt.Errorf("user data of %s: %w", node, err)
	}
	if _, err := writer.Write(text); err != nil {
		return "", fmt.Errorf("user data of %s: compressing: %w", node, err)
	}
	if err := writer.Close(); err != nil {
		return "", fmt.Errorf("user data of %s: compressing: %w", node, err)
	}
	if packed.Len() > userdata.MaxBytes {
		return "", fmt.Errorf("user data of %s has %d bytes: must be at most %d: use fewer labels or shorter names", node, packed.Len(), userdata.MaxBytes)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}
