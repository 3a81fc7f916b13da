package cluster

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/ports"
)

// kubeadm's own defaults (kubeadm.k8s.io/v1beta4).
const (
	kubernetesDir          = "/etc/kubernetes"
	defaultCertificatesDir = "/etc/kubernetes/pki"
	defaultEtcdDir         = "/var/lib/etcd"
	defaultAPIPort         = ports.APIServer
	kubeadmGroup           = "kubeadm.k8s.io/"
)

// kubeadmConfig holds the fields of a kubeadm configuration that are needed to run it on another host. kubeadm alone reads
// all others.
type kubeadmConfig struct {
	documents []map[string]any

	nodeName         string
	taints           []corev1.Taint
	advertiseAddress string
	bindPort         int
	certificatesDir  string
	etcdDir          string
	patchesDir       string
}

// initDocument and clusterDocument are the parts of kubeadm's documents that are read here.
type initDocument struct {
	NodeRegistration struct {
		Name   string          `json:"name"`
		Taints *[]corev1.Taint `json:"taints"`
	} `json:"nodeRegistration"`
	LocalAPIEndpoint struct {
		AdvertiseAddress string `json:"advertiseAddress"`
		BindPort         int    `json:"bindPort"`
	} `json:"localAPIEndpoint"`
	Patches struct {
		Directory string `json:"directory"`
	} `json:"patches"`
}

type clusterDocument struct {
	KubernetesVersion string `json:"kubernetesVersion"`
	CertificatesDir   string `json:"certificatesDir"`
	Etcd              struct {
		Local struct {
			DataDir string `json:"dataDir"`
		} `json:"local"`
		External map[string]any `json:"external"`
	} `json:"etcd"`
}

// stateDir is the directory above that of the certificates, unless this is kubeadm's default.
func (c *kubeadmConfig) stateDir() string {
	if c.certificatesDir == defaultCertificatesDir {
		return ""
	}
	return path.Dir(c.certificatesDir)
}

func parseKubeadmConfig(content []byte) (*kubeadmConfig, error) {
	config := &kubeadmConfig{
		bindPort: defaultAPIPort, certificatesDir: defaultCertificatesDir, etcdDir: defaultEtcdDir,
		taints: []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}},
	}
	documents, err := splitDocuments(content)
	if err != nil {
		return nil, err
	}
	config.documents = documents
	for _, document := range documents {
		if err := config.read(document); err != nil {
			return nil, fmt.Errorf("reading the kubeadm configuration: %w", err)
		}
	}
	return config, config.validate()
}

func (c *kubeadmConfig) read(document map[string]any) error {
	if version, _ := document["apiVersion"].(string); !strings.HasPrefix(version, kubeadmGroup) {
		return nil
	}
	raw, err := yaml.Marshal(document)
	if err != nil {
		return err
	}
	switch document["kind"] {
	case "InitConfiguration":
		return c.addInit(raw)
	case "ClusterConfiguration":
		return c.addCluster(raw)
	}
	return nil
}

func (c *kubeadmConfig) addInit(raw []byte) error {
	var document initDocument
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return fmt.Errorf("InitConfiguration: %w", err)
	}
	c.nodeName, c.advertiseAddress = document.NodeRegistration.Name, document.LocalAPIEndpoint.AdvertiseAddress
	c.patchesDir = document.Patches.Directory
	if document.NodeRegistration.Taints != nil { // an empty list means no taint, a missing one the default
		c.taints = *document.NodeRegistration.Taints
	}
	if document.LocalAPIEndpoint.BindPort != 0 {
		c.bindPort = document.LocalAPIEndpoint.BindPort
	}
	return nil
}

func (c *kubeadmConfig) addCluster(raw []byte) error {
	var document clusterDocument
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return fmt.Errorf("ClusterConfiguration: %w", err)
	}
	if document.CertificatesDir != "" {
		c.certificatesDir = document.CertificatesDir
	}
	if document.Etcd.Local.DataDir != "" {
		c.etcdDir = document.Etcd.Local.DataDir
	}
	if document.Etcd.External != nil {
		return errors.New("ClusterConfiguration: etcd.external cannot be rehearsed, use etcd.local")
	}
	if !strings.HasPrefix(document.KubernetesVersion, "v") && !strings.ContainsAny(document.KubernetesVersion[:min(1, len(document.KubernetesVersion))], "0123456789") {
		return fmt.Errorf("ClusterConfiguration: kubernetesVersion is %q; name an exact version such as v1.36.3 (a label would be looked up on the internet)", document.KubernetesVersion)
	}
	return nil
}

// validate requires the fields that kubeadm would otherwise derive from its host.
func (c *kubeadmConfig) validate() error {
	var problems []error
	if c.nodeName == "" {
		problems = append(problems, errors.New("InitConfiguration: nodeRegistration.name is missing"))
	}
	if net.ParseIP(c.advertiseAddress) == nil {
		problems = append(problems, fmt.Errorf("InitConfiguration: localAPIEndpoint.advertiseAddress is %q; it must be the machine's private address", c.advertiseAddress))
	}
	return errors.Join(problems...)
}

// onThisHost is the configuration with the machine's folders replaced by folders of this host.
func (c *kubeadmConfig) onThisHost(l layout) ([]byte, error) {
	changed := make([]map[string]any, len(c.documents))
	for i, document := range c.documents {
		changed[i] = maps.Clone(document)
		for _, change := range configRewrites {
			if document["kind"] == change.kind {
				change.apply(changed[i], c, l)
			}
		}
	}
	return joinDocuments(changed)
}
