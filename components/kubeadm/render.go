package kubeadm

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/ports"
)

const (
	criSocket = "unix:///run/containerd/containerd.sock"
	// workerCA is the path of the cluster CA on a worker, written by kubeadm join. On the control plane it lies with the
	// other certificates, so the path is part of each node's kubelet patch.
	workerCA = "/etc/kubernetes/pki/ca.crt"
)

// controlPlaneTaint is the one that kubeadm sets by default; a given list would replace it.
var controlPlaneTaint = corev1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}

func (c *ControlPlaneConfig) documents() []any {
	return []any{
		initConfiguration{
			typeMeta:         kubeadmMeta("InitConfiguration"),
			LocalAPIEndpoint: localAPIEndpoint{AdvertiseAddress: c.PrivateIP, BindPort: ports.APIServer},
			NodeRegistration: c.registration(c.taints()),
			Patches:          patches{Directory: userdata.PatchesDir},
		},
		clusterConfiguration{
			typeMeta:             kubeadmMeta("ClusterConfiguration"),
			ClusterName:          c.Cluster,
			KubernetesVersion:    "v" + c.KubernetesVersion,
			ControlPlaneEndpoint: net.JoinHostPort(c.PrivateIP, strconv.Itoa(ports.APIServer)),
			CertificatesDir:      c.certificatesDir(),
			// Elliptic-curve keys are short: an administrator's kubeconfig fits into the 4096 bytes of an SSM parameter.
			EncryptionAlgorithm: "ECDSA-P256",
			ImageRepository:     c.Sources.ImageRepository,
			Etcd:                etcd{Local: localEtcd{DataDir: c.stateDir() + "/etcd"}},
			Networking:          networking{PodSubnet: c.PodCIDR, ServiceSubnet: c.ServiceCIDR},
			APIServer:           c.apiServer(),
			ControllerManager:   component{ExtraArgs: append(hardened(), argument{"terminated-pod-gc-threshold", "100"})},
			Scheduler:           component{ExtraArgs: hardened()},
		},
		clusterKubelet(),
		kubeProxyConfiguration{
			typeMeta: typeMeta{APIVersion: "kubeproxy.config.k8s.io/v1alpha1", Kind: "KubeProxyConfiguration"},
			Mode:     "iptables", // Calico's default data plane is tested with it
		},
	}
}

func (c *WorkerConfig) documents() []any {
	return []any{joinConfiguration{
		typeMeta:         kubeadmMeta("JoinConfiguration"),
		CACertPath:       workerCA,
		Discovery:        discovery{File: fileDiscovery{KubeConfigPath: userdata.DiscoveryPath}},
		NodeRegistration: c.registration(c.Taints),
		Patches:          patches{Directory: userdata.PatchesDir},
		// Short, because the script reads the join data again after each attempt: an expired certificate must not block it.
		Timeouts: timeouts{Discovery: "1m0s", TLSBootstrap: "2m0s"},
	}}
}

// clusterKubelet is the kubelets' common configuration, which kubeadm keeps in the cluster.
func clusterKubelet() kubeletConfiguration {
	no := false
	return kubeletConfiguration{
		typeMeta:           kubeletMeta(),
		CgroupDriver:       "systemd",
		RotateCertificates: true,
		SeccompDefault:     true,
		// One slow image must not block all other pods of a new node.
		SerializeImagePulls:   &no,
		MaxParallelImagePulls: 3,
		// Pods are ended in order when the machine shuts down; works only when both periods are set.
		ShutdownGracePeriod:             "60s",
		ShutdownGracePeriodCriticalPods: "20s",
		// A fork bomb ends its own pod, not the node.
		PodPidsLimit:  podPidsLimit,
		TLSMinVersion: minTLS,
		// It serves /var/log, the audit log too, and follows links that a pod with that directory can make.
		EnableSystemLogHandler: &no,
	}
}

func (c *NodeConfig) kubeletPatch(clientCA string) kubeletConfiguration {
	return kubeletConfiguration{
		typeMeta:       kubeletMeta(),
		Authentication: &authentication{X509: x509{ClientCAFile: clientCA}},
		MaxPods:        c.MaxPods,
		KubeReserved:   c.KubeReserved,
		SystemReserved: c.SystemReserved,
		EvictionHard:   c.EvictionHard,
		// Without it every other signal would be disabled.
		MergeDefaultEvictionSettings: true,
	}
}

func kubeletMeta() typeMeta {
	return typeMeta{APIVersion: "kubelet.config.k8s.io/v1beta1", Kind: "KubeletConfiguration"}
}

func (c *NodeConfig) registration(taints []corev1.Taint) nodeRegistration {
	if taints == nil {
		taints = []corev1.Taint{} // nil would be written as null, which kubeadm reads as its default
	}
	registration := nodeRegistration{Name: c.Name, CRISocket: criSocket, Taints: taints}
	if len(c.Labels) > 0 {
		registration.KubeletExtraArgs = []argument{{Name: "node-labels", Value: joinLabels(c.Labels)}}
	}
	return registration
}

func joinLabels(labels map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, key+"="+labels[key])
	}
	return strings.Join(all, ",")
}

func (c *ControlPlaneConfig) taints() []corev1.Taint {
	taints := []corev1.Taint{controlPlaneTaint}
	for _, taint := range c.Taints {
		if !taint.MatchTaint(&controlPlaneTaint) {
			taints = append(taints, taint)
		}
	}
	return taints
}

func (c *ControlPlaneConfig) certificatesDir() string { return c.stateDir() + "/pki" }

func (c *ControlPlaneConfig) certSANs() []string {
	var names []string
	for _, name := range append([]string{c.PrivateIP, c.Name, "127.0.0.1", "localhost"}, c.CertSANs...) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// marshalDocuments writes the documents as one YAML stream.
func marshalDocuments(documents ...any) (string, error) {
	var texts []string
	for _, document := range documents {
		text, err := yaml.Marshal(document)
		if err != nil {
			return "", fmt.Errorf("writing %T as YAML: %w", document, err)
		}
		texts = append(texts, string(text))
	}
	return strings.Join(texts, "---\n"), nil
}
