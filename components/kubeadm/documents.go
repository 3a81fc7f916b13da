package kubeadm

import (
	corev1 "k8s.io/api/core/v1"
)

// The parts of kubeadm v1beta4 that are set here; everything else keeps kubeadm's default.
// k8s.io/kubernetes, which holds the full types, is not meant to be imported.

type typeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

func kubeadmMeta(kind string) typeMeta {
	return typeMeta{APIVersion: "kubeadm.k8s.io/v1beta4", Kind: kind}
}

// argument is an extra command-line flag of a component.
type argument struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type nodeRegistration struct {
	Name             string         `json:"name"`
	CRISocket        string         `json:"criSocket"`
	Taints           []corev1.Taint `json:"taints"`
	KubeletExtraArgs []argument     `json:"kubeletExtraArgs,omitempty"`
	ImagePullSerial  bool           `json:"imagePullSerial"`
}

type patches struct {
	Directory string `json:"directory"`
}

type localAPIEndpoint struct {
	AdvertiseAddress string `json:"advertiseAddress"`
	BindPort         int    `json:"bindPort"`
}

type initConfiguration struct {
	typeMeta
	LocalAPIEndpoint localAPIEndpoint `json:"localAPIEndpoint"`
	NodeRegistration nodeRegistration `json:"nodeRegistration"`
	Patches          patches          `json:"patches"`
}

type localEtcd struct {
	DataDir string `json:"dataDir"`
}

type etcd struct {
	Local localEtcd `json:"local"`
}

type networking struct {
	PodSubnet     string `json:"podSubnet"`
	ServiceSubnet string `json:"serviceSubnet"`
}

type component struct {
	ExtraArgs []argument `json:"extraArgs,omitempty"`
}

// volume is a directory of the host in the pod of a component.
type volume struct {
	Name      string `json:"name"`
	HostPath  string `json:"hostPath"`
	MountPath string `json:"mountPath"`
	ReadOnly  bool   `json:"readOnly,omitempty"`
	PathType  string `json:"pathType"`
}

type apiServer struct {
	component
	ExtraVolumes []volume `json:"extraVolumes"`
	CertSANs     []string `json:"certSANs"`
}

type clusterConfiguration struct {
	typeMeta
	ClusterName          string     `json:"clusterName"`
	KubernetesVersion    string     `json:"kubernetesVersion"`
	ControlPlaneEndpoint string     `json:"controlPlaneEndpoint"`
	CertificatesDir      string     `json:"certificatesDir"`
	EncryptionAlgorithm  string     `json:"encryptionAlgorithm"`
	ImageRepository      string     `json:"imageRepository"`
	Etcd                 etcd       `json:"etcd"`
	Networking           networking `json:"networking"`
	APIServer            apiServer  `json:"apiServer"`
	ControllerManager    component  `json:"controllerManager"`
	Scheduler            component  `json:"scheduler"`
}

type fileDiscovery struct {
	KubeConfigPath string `json:"kubeConfigPath"`
}

type discovery struct {
	File fileDiscovery `json:"file"`
}

type timeouts struct {
	Discovery    string `json:"discovery"`
	TLSBootstrap string `json:"tlsBootstrap"`
}

type joinConfiguration struct {
	typeMeta
	CACertPath       string           `json:"caCertPath"`
	Discovery        discovery        `json:"discovery"`
	NodeRegistration nodeRegistration `json:"nodeRegistration"`
	Patches          patches          `json:"patches"`
	Timeouts         timeouts         `json:"timeouts"`
}

// kubeletConfiguration is kubelet.config.k8s.io/v1beta1: the cluster's common part, or one node's patch of it.
type kubeletConfiguration struct {
	typeMeta
	CgroupDriver                    string            `json:"cgroupDriver,omitempty"`
	RotateCertificates              bool              `json:"rotateCertificates,omitempty"`
	SeccompDefault                  bool              `json:"seccompDefault,omitempty"`
	SerializeImagePulls             *bool             `json:"serializeImagePulls,omitempty"`
	MaxParallelImagePulls           int               `json:"maxParallelImagePulls,omitempty"`
	ShutdownGracePeriod             string            `json:"shutdownGracePeriod,omitempty"`
	ShutdownGracePeriodCriticalPods string            `json:"shutdownGracePeriodCriticalPods,omitempty"`
	PodPidsLimit                    int               `json:"podPidsLimit,omitempty"`
	TLSMinVersion                   string            `json:"tlsMinVersion,omitempty"`
	EnableSystemLogHandler          *bool             `json:"enableSystemLogHandler,omitempty"`
	Authentication                  *authentication   `json:"authentication,omitempty"`
	MaxPods                         int               `json:"maxPods,omitempty"`
	KubeReserved                    map[string]string `json:"kubeReserved,omitempty"`
	SystemReserved                  map[string]string `json:"systemReserved,omitempty"`
	EvictionHard                    map[string]string `json:"evictionHard,omitempty"`
	MergeDefaultEvictionSettings    bool              `json:"mergeDefaultEvictionSettings,omitempty"`
}

type authentication struct {
	X509 x509 `json:"x509"`
}

type x509 struct {
	ClientCAFile string `json:"clientCAFile"`
}

// kubeProxyConfiguration is kubeproxy.config.k8s.io/v1alpha1.
type kubeProxyConfiguration struct {
	typeMeta
	Mode string `json:"mode"`
}
