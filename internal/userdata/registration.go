package userdata

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// readKubeadm reads kubeadm.yaml and checks it against the scripts' variables.
func (n *Node) readKubeadm(document *Document, variables map[string]string) error {
	text, err := document.File(KubeadmConfigPath)
	if err != nil {
		return err
	}
	n.KubeadmConfig = []byte(text)
	byKind, err := documentsByKind(text)
	if err != nil {
		return err
	}
	if n.ControlPlane {
		return n.readInit(byKind, variables)
	}
	return n.readJoin(byKind)
}

func (n *Node) readInit(byKind map[string][]byte, variables map[string]string) error {
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
	for field, dir := range map[string]string{"certificatesDir": cluster.CertificatesDir, "etcd.local.dataDir": cluster.Etcd.Local.DataDir} {
		if !strings.HasPrefix(dir, state+"/") {
			problems = append(problems, fmt.Errorf("%s is %q: it must lie under %s=%q, where the scripts look for it", field, dir, EnvStateDir, state))
		}
	}
	if mount := variables[EnvDataMount]; mount != "" && state != mount && !strings.HasPrefix(state, mount+"/") {
		problems = append(problems, fmt.Errorf("%s is %q: it must lie on the data disk, mounted at %q", EnvStateDir, state, mount))
	}
	problems = append(problems, n.readRegistration(init.NodeRegistration, init.Patches))
	return errors.Join(problems...)
}

func (n *Node) readJoin(byKind map[string][]byte) error {
	var join joinConfiguration
	problems := []error{
		exactly(byKind, "JoinConfiguration"),
		read(byKind, "JoinConfiguration", &join),
	}
	if found := join.Discovery.File.KubeConfigPath; found != DiscoveryPath {
		problems = append(problems, fmt.Errorf("discovery.file.kubeConfigPath is %q: %s is right, where the scripts write it", found, DiscoveryPath))
	}
	problems = append(problems, n.readRegistration(join.NodeRegistration, join.Patches))
	return errors.Join(problems...)
}

func (n *Node) readRegistration(found registration, patches patches) error {
	var problems []error
	if found.Name != n.Name {
		problems = append(problems, fmt.Errorf("kubeadm names the node %q, %s names it %q", found.Name, EnvNodeName, n.Name))
	}
	if patches.Directory != PatchesDir {
		problems = append(problems, fmt.Errorf("patches.directory is %q: %s is right", patches.Directory, PatchesDir))
	}
	labels, err := nodeLabels(found.KubeletExtraArgs)
	problems = append(problems, err, CheckLabels(labels), CheckTaints(found.Taints))
	n.Labels, n.Taints = labels, found.Taints
	return errors.Join(problems...)
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
