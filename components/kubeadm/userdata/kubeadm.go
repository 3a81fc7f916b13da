package userdata

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// API versions of the documents that a node may be given (kubeadm 1.31 and later, kubelet and kube-proxy).
const (
	kubeadmAPI = "kubeadm.k8s.io/v1beta4"
	kubeletAPI = "kubelet.config.k8s.io/v1beta1"
	proxyAPI   = "kubeproxy.config.k8s.io/v1alpha1"
)

// apiVersions are the kinds that may stand in kubeadm.yaml, with the only API version read here.
var apiVersions = map[string]string{
	"InitConfiguration":      kubeadmAPI,
	"ClusterConfiguration":   kubeadmAPI,
	"JoinConfiguration":      kubeadmAPI,
	"KubeletConfiguration":   kubeletAPI,
	"KubeProxyConfiguration": proxyAPI,
}

type argument struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type registration struct {
	Name             string         `json:"name"`
	Taints           []corev1.Taint `json:"taints"`
	KubeletExtraArgs []argument     `json:"kubeletExtraArgs"`
}

type patches struct {
	Directory string `json:"directory"`
}

type initConfiguration struct {
	NodeRegistration registration `json:"nodeRegistration"`
	Patches          patches      `json:"patches"`
}

type clusterConfiguration struct {
	ClusterName       string `json:"clusterName"`
	KubernetesVersion string `json:"kubernetesVersion"`
	CertificatesDir   string `json:"certificatesDir"`
	Etcd              struct {
		Local struct {
			DataDir string `json:"dataDir"`
		} `json:"local"`
	} `json:"etcd"`
}

type joinConfiguration struct {
	CACertPath       string       `json:"caCertPath"`
	NodeRegistration registration `json:"nodeRegistration"`
	Patches          patches      `json:"patches"`
	Discovery        struct {
		File struct {
			KubeConfigPath string `json:"kubeConfigPath"`
		} `json:"file"`
	} `json:"discovery"`
}

type kubeletPatch struct {
	metav1.TypeMeta `json:",inline"`
	MaxPods         int               `json:"maxPods"`
	KubeReserved    map[string]string `json:"kubeReserved"`
	SystemReserved  map[string]string `json:"systemReserved"`
	EvictionHard    map[string]string `json:"evictionHard"`
	Authentication  struct {
		X509 struct {
			ClientCAFile string `json:"clientCAFile"`
		} `json:"x509"`
	} `json:"authentication"`
}

// documentsByKind splits kubeadm.yaml and checks each document's API version.
func documentsByKind(text string) (map[string][]byte, error) {
	byKind := map[string][]byte{}
	var problems []error
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader([]byte(text))))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return byKind, errors.Join(problems...)
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be split into documents: %w", KubeadmConfigPath, err)
		}
		if err := addDocument(byKind, document); err != nil {
			problems = append(problems, err)
		}
	}
}

func addDocument(byKind map[string][]byte, document []byte) error {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(document, &meta); err != nil {
		return fmt.Errorf("%s holds a document that is no YAML object: %w", KubeadmConfigPath, err)
	}
	wanted, known := apiVersions[meta.Kind]
	switch {
	case !known:
		return fmt.Errorf("%s holds a document of the unknown kind %q", KubeadmConfigPath, meta.Kind)
	case meta.APIVersion != wanted:
		return fmt.Errorf("%s: %s has the API version %q, must be %q", KubeadmConfigPath, meta.Kind, meta.APIVersion, wanted)
	case hasKey(byKind, meta.Kind):
		return fmt.Errorf("%s holds %s twice", KubeadmConfigPath, meta.Kind)
	}
	byKind[meta.Kind] = document
	return nil
}
