package userdata

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// Node describes the node that an instance becomes when it boots from its user data.
type Node struct {
	// ControlPlane is true for the machine that runs kubeadm init.
	ControlPlane bool
	// Name is the Kubernetes node name, and the host name.
	Name string
	// Cluster and Region are the cluster's name and its AWS region.
	Cluster, Region string
	// KubernetesVersion is complete and has no leading v, e.g. 1.36.3.
	KubernetesVersion string
	// Labels and Taints are those set at registration.
	Labels map[string]string
	Taints []corev1.Taint
	// MaxPods is the kubelet's limit of pods.
	MaxPods int
	// KubeReserved, SystemReserved and EvictionHard are quantities by resource or by eviction signal.
	KubeReserved, SystemReserved, EvictionHard map[string]string
	// KubeadmConfig is the text of kubeadm.yaml.
	KubeadmConfig []byte
	// Steps are the boot steps, in order.
	Steps []string
	// DataDisk is true when the machine waits for a second disk.
	DataDisk bool
	// Key names the key of KMS that encrypts the parameters; may be empty.
	Key string
	// StatusParameter is the name of an SSM parameter.
	StatusParameter string
	// JoinParameter is the name of the SSM parameter that a worker joins through.
	JoinParameter string
	// JoinPath is the path of all workers' join parameters, KubeconfigParameter a parameter's name; the control plane's.
	JoinPath, KubeconfigParameter string
	// AccessPath is the path of the SSM parameters with the kubeconfigs of identities; the control plane's.
	AccessPath string
	// EncryptionParameter is the name of the SSM parameter with the keys of Secrets; the control plane's.
	EncryptionParameter string
	// BackupBucket is the bucket for backups of a control plane, BackupParameter the SSM parameter for their results; both may
	// be empty.
	BackupBucket, BackupParameter string
	// IssuerBucket is the bucket for the public keys of a control plane's service account tokens; may be empty.
	IssuerBucket string
	// TargetGroups begins the names of the target groups that the node of a spot instance leaves when EC2 takes it; may be empty.
	TargetGroups string
}

var fullVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)

// ParseNode parses user data and describes the resulting node. Every inconsistency is an error.
func ParseNode(encoded string) (*Node, error) {
	document, err := Decode(encoded)
	if err != nil {
		return nil, err
	}
	if err := document.checkBoot(); err != nil {
		return nil, err
	}
	environment, _ := document.File(EnvironmentPath)
	variables, err := ParseEnvironment(environment)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", EnvironmentPath, err)
	}
	node := &Node{}
	problems := []error{node.readEnvironment(variables)}
	authority, err := node.readKubeadm(document, variables)
	problems = append(problems, err, node.readKubeletPatch(document, authority), document.checkSteps(variables[EnvSteps]))
	if document.Hostname != node.Name || document.PreserveHostname {
		problems = append(problems, fmt.Errorf("the host is named %q and the node %q: they must be the same", document.Hostname, node.Name))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return node, nil
}

// checkBoot checks that a command starts the scripts, and that their files exist.
func (d *Document) checkBoot() error {
	var problems []error
	for _, path := range []string{KubeadmConfigPath, KubeletPatchPath, EnvironmentPath, DriverPath, UnitPath} {
		if _, err := d.File(path); err != nil {
			problems = append(problems, err)
		}
	}
	started := false
	for _, command := range d.Commands {
		line := strings.Join(command, " ")
		started = started || strings.HasPrefix(line, "systemctl enable --now ") && strings.HasSuffix(line, " kubeadm-bootstrap.service")
	}
	if !started {
		problems = append(problems, errors.New("no command enables and starts kubeadm-bootstrap.service: the machine would never become a node"))
	}
	return errors.Join(problems...)
}

// checkSteps checks that each boot step has its script.
func (d *Document) checkSteps(steps string) error {
	var problems []error
	for _, step := range strings.Fields(steps) {
		if _, err := d.File(ScriptsDir + "/" + step + ".sh"); err != nil {
			problems = append(problems, fmt.Errorf("boot step %s: %w", step, err))
		}
	}
	if len(strings.Fields(steps)) == 0 {
		problems = append(problems, fmt.Errorf("%s names no boot step in %s: the machine would never become a node", EnvironmentPath, EnvSteps))
	}
	return errors.Join(problems...)
}

func (n *Node) readEnvironment(variables map[string]string) error {
	var problems []error
	required := func(name string) string {
		if variables[name] == "" {
			problems = append(problems, fmt.Errorf("%s does not set %s", EnvironmentPath, name))
		}
		return variables[name]
	}
	n.Name = required(EnvNodeName)
	n.Cluster = required(EnvClusterName)
	n.Region = required(EnvRegion)
	n.KubernetesVersion = required(EnvKubernetesVersion)
	n.StatusParameter = required(EnvStatusParameter)
	n.KubeconfigParameter = variables[EnvKubeconfigParameter]
	n.BackupBucket, n.BackupParameter = variables[EnvBackupBucket], variables[EnvBackupParameter]
	n.IssuerBucket, n.Key = variables[EnvIssuerBucket], variables[EnvKey]
	n.TargetGroups = variables[EnvTargetGroups]
	n.DataDisk = variables[EnvDataMount] != ""
	n.Steps = strings.Fields(variables[EnvSteps])
	switch role := required(EnvRole); role {
	case RoleControlPlane:
		n.ControlPlane = true
		required(EnvKubeconfigParameter)
		n.JoinPath = required(EnvJoinPath)
		n.AccessPath = required(EnvAccessPath)
		n.EncryptionParameter = required(EnvEncryptionParameter)
		required(EnvStateDir)
	case RoleWorker:
		n.JoinParameter = required(EnvJoinParameter)
		if n.KubeconfigParameter != "" {
			problems = append(problems, fmt.Errorf("%s names the kubeconfig parameter %s: must not be set on a worker", EnvironmentPath, n.KubeconfigParameter))
		}
	case "": // reported as missing
	default:
		problems = append(problems, fmt.Errorf("%s has %s=%q: must be %s or %s", EnvironmentPath, EnvRole, role, RoleControlPlane, RoleWorker))
	}
	if n.KubernetesVersion != "" && !fullVersion.MatchString(n.KubernetesVersion) {
		problems = append(problems, fmt.Errorf("%s has %s=%q: must be a full version, e.g. 1.36.3", EnvironmentPath, EnvKubernetesVersion, n.KubernetesVersion))
	}
	for _, message := range validation.IsDNS1123Subdomain(n.Name) {
		problems = append(problems, fmt.Errorf("node name %q: %s", n.Name, message))
	}
	return errors.Join(problems...)
}

// readKubeletPatch reads the kubelet patch of the node. A kubelet does not start without the cluster's CA.
func (n *Node) readKubeletPatch(document *Document, authority string) error {
	text, err := document.File(KubeletPatchPath)
	if err != nil {
		return err
	}
	var patch kubeletPatch
	if err := yaml.Unmarshal([]byte(text), &patch); err != nil {
		return fmt.Errorf("%s is no KubeletConfiguration: %w", KubeletPatchPath, err)
	}
	var problems []error
	if patch.APIVersion != kubeletAPI || patch.Kind != "KubeletConfiguration" {
		problems = append(problems, fmt.Errorf("%s is a %q of %q: must be a KubeletConfiguration of %s", KubeletPatchPath, patch.Kind, patch.APIVersion, kubeletAPI))
	}
	if patch.MaxPods < 1 {
		problems = append(problems, fmt.Errorf("%s sets maxPods to %d: must be at least 1", KubeletPatchPath, patch.MaxPods))
	}
	problems = append(problems,
		mustBe("authentication.x509.clientCAFile", patch.Authentication.X509.ClientCAFile, authority),
		checkQuantities("kubeReserved", patch.KubeReserved, false),
		checkQuantities("systemReserved", patch.SystemReserved, false),
		checkQuantities("evictionHard", patch.EvictionHard, true))
	n.MaxPods, n.KubeReserved, n.SystemReserved, n.EvictionHard = patch.MaxPods, patch.KubeReserved, patch.SystemReserved, patch.EvictionHard
	return errors.Join(problems...)
}
