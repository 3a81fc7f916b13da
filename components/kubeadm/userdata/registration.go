package userdata

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// readKubeadm reads kubeadm.yaml and checks it against the scripts' variables. It returns where the cluster's CA will lie.
func (n *Node) readKubeadm(document *Document, variables map[string]string) (authority string, err error) {
	text, err := document.File(KubeadmConfigPath)
	if err != nil {
		return "", err
	}
	n.KubeadmConfig = []byte(text)
	byKind, err := documentsByKind(text)
	if err != nil {
		return "", err
	}
	if n.ControlPlane {
		return n.readInit(byKind, variables)
	}
	return n.readJoin(byKind)
}

func (n *Node) readInit(byKind map[string][]byte, variables map[string]string) (authority string, err error) {
	var init initConfiguration
	var cluster clusterConfiguration
	problems := []error{
		exactly(byKind, "InitConfiguration", "ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"),
		read(byKind, "InitConfiguration", &init),
		read(byKind, "ClusterConfiguration", &cluster),
	}
	if cluster.ClusterName != n.Cluster {
		problems = append(problems, fmt.Errorf("kubeadm names the cluster %q, the scripts name it %q", cluster.ClusterName, n.Cluster))
	}
	if cluster.KubernetesVersion != "v"+n.KubernetesVersion {
		problems = append(problems, fmt.Errorf("kubeadm has Kubernetes %q, the scripts install %q", cluster.KubernetesVersion, n.KubernetesVersion))
	}
	state := variables[EnvStateDir]
	problems = append(problems,
		mustBe("certificatesDir", cluster.CertificatesDir, state+"/pki"),
		mustBe("etcd.local.dataDir", cluster.Etcd.Local.DataDir, state+"/etcd"))
	if mount := variables[EnvDataMount]; mount != "" && state != mount && !strings.HasPrefix(state, mount+"/") {
		problems = append(problems, fmt.Errorf("%s is %q: it must lie on the data disk, mounted at %q", EnvStateDir, state, mount))
	}
	problems = append(problems, n.readRegistration(init.NodeRegistration, init.Patches))
	return cluster.CertificatesDir + "/ca.crt", errors.Join(problems...)
}

func (n *Node) readJoin(byKind map[string][]byte) (authority string, err error) {
	var join joinConfiguration
	problems := []error{
		exactly(byKind, "JoinConfiguration"),
		read(byKind, "JoinConfiguration", &join),
	}
	problems = append(problems,
		mustBe("discovery.file.kubeConfigPath", join.Discovery.File.KubeConfigPath, DiscoveryPath),
		n.readRegistration(join.NodeRegistration, join.Patches))
	return join.CACertPath, errors.Join(problems...)
}

func (n *Node) readRegistration(found registration, patches patches) error {
	var problems []error
	if found.Name != n.Name {
		problems = append(problems, fmt.Errorf("kubeadm names the node %q, %s names it %q", found.Name, EnvNodeName, n.Name))
	}
	labels, err := nodeLabels(found.KubeletExtraArgs)
	problems = append(problems, err, mustBe("patches.directory", patches.Directory, PatchesDir), CheckLabels(labels), CheckTaints(found.Taints))
	n.Labels, n.Taints = labels, found.Taints
	return errors.Join(problems...)
}

// mustBe reports a path that differs from that of the scripts.
func mustBe(field, found, right string) error {
	if found != right {
		return fmt.Errorf("%s is %q, must be %s", field, found, right)
	}
	return nil
}

// nodeLabels reads the kubelet's --node-labels.
func nodeLabels(arguments []argument) (map[string]string, error) {
	labels := map[string]string{}
	var problems []error
	for _, argument := range arguments {
		if argument.Name != "node-labels" {
			continue
		}
		for _, pair := range strings.Split(argument.Value, ",") {
			key, value, found := strings.Cut(pair, "=")
			if !found || hasKey(labels, key) {
				problems = append(problems, fmt.Errorf("node-labels: %q is no key=value, or sets a key twice", pair))
			}
			labels[key] = value
		}
	}
	return labels, errors.Join(problems...)
}

// exactly reports the documents that are missing and those that do not belong.
func exactly(byKind map[string][]byte, kinds ...string) error {
	var problems []error
	for _, kind := range kinds {
		if !hasKey(byKind, kind) {
			problems = append(problems, fmt.Errorf("%s has no %s", KubeadmConfigPath, kind))
		}
	}
	if len(problems) == 0 && len(byKind) != len(kinds) {
		problems = append(problems, fmt.Errorf("%s has %d documents: only %s belong to this role", KubeadmConfigPath, len(byKind), strings.Join(kinds, ", ")))
	}
	return errors.Join(problems...)
}

// read decodes the document of the kind; a missing one is reported by exactly.
func read(byKind map[string][]byte, kind string, into any) error {
	if err := yaml.Unmarshal(byKind[kind], into); err != nil {
		return fmt.Errorf("%s: %s cannot be read: %w", KubeadmConfigPath, kind, err)
	}
	return nil
}
