package kubeadm

import (
	"fmt"
	"strings"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/validation"
)

// variable is one setting of the boot scripts.
type variable struct{ name, value string }

func (c *NodeConfig) variables(role string, steps []string) []variable {
	version := c.KubernetesVersion
	return []variable{
		{userdata.EnvRole, role},
		{userdata.EnvNodeName, c.Name},
		{userdata.EnvClusterName, c.Cluster},
		{userdata.EnvRegion, c.Region},
		{userdata.EnvSteps, strings.Join(steps, " ")},
		{userdata.EnvKey, c.Key},
		{userdata.EnvStatusParameter, StatusParameter(c.Cluster, c.Name)},
		{userdata.EnvKubernetesVersion, version},
		{"KUBERNETES_PACKAGE_VERSION", version + "-" + c.PackageRevision},
		{"CONTAINERD_VERSION", c.ContainerdVersion},
		{"KUBERNETES_APT", c.Sources.KubernetesAPT},
		{"KUBERNETES_APT_KEY", c.Sources.KubernetesAPTKey},
		{"KUBERNETES_FINGERPRINT", c.Sources.KubernetesFingerprint},
		{"CONTAINERD_APT", c.Sources.ContainerdAPT},
		{"CONTAINERD_APT_KEY", c.Sources.ContainerdAPTKey},
		{"CONTAINERD_FINGERPRINT", c.Sources.ContainerdFingerprint},
		{"IMAGE_REPOSITORY", c.Sources.ImageRepository},
		{"IMDS_ENDPOINT", c.Sources.IMDSEndpoint},
		{"SSM_ENDPOINT", c.Sources.SSMEndpoint},
		{userdata.EnvDataMount, c.DataMount},
		{userdata.EnvImages, strings.Join(c.Images, " ")},
	}
}

func (c *ControlPlaneConfig) variables() []variable {
	return append(c.NodeConfig.variables(userdata.RoleControlPlane, c.steps(userdata.StepRestore, userdata.StepControlPlane, userdata.StepRenew, userdata.StepPublish)),
		variable{userdata.EnvKubeconfigParameter, KubeconfigParameter(c.Cluster)},
		variable{userdata.EnvAccessPath, AccessPath(c.Cluster)},
		variable{userdata.EnvEncryptionParameter, EncryptionParameter(c.Cluster)},
		variable{userdata.EnvJoinPath, JoinPath(c.Cluster)},
		variable{userdata.EnvStateDir, c.stateDir()},
		variable{"CONTROL_PLANE_IP", c.PrivateIP},
		variable{"S3_ENDPOINT", c.Sources.S3Endpoint},
		variable{userdata.EnvBackupBucket, c.BackupBucket},
		variable{userdata.EnvIssuerBucket, c.IssuerBucket},
		variable{userdata.EnvBackupParameter, BackupParameter(c.Cluster)},
	)
}

func (c *WorkerConfig) variables() []variable {
	all := append(c.NodeConfig.variables(userdata.RoleWorker, c.steps(userdata.StepWorker)),
		variable{userdata.EnvJoinParameter, JoinParameter(c.Cluster, c.Name)})
	if c.Spot {
		all = append(all, variable{userdata.EnvTargetGroups, c.TargetGroups}, variable{"ELB_ENDPOINT", c.Sources.ELBEndpoint})
	}
	return all
}

// steps are the boot scripts that the driver runs, in order. Containerd comes early, so that images are fetched while kubelet is
// installed, and the disk late: it is attached while packages are fetched.
func (c *NodeConfig) steps(last ...string) []string {
	steps := []string{userdata.StepHost, userdata.StepPackages, userdata.StepContainerd, userdata.StepKubelet}
	if c.DataMount != "" {
		steps = append(steps, userdata.StepDataDisk)
	}
	return append(steps, last...)
}

// quote writes the variables for the shell. Nothing is expanded between single quotes, so a value may hold all but those.
func quote(variables []variable) (string, error) {
	var text strings.Builder
	for _, v := range variables {
		if strings.ContainsAny(v.value, "'\n\x00") {
			return "", validation.Problem{Field: v.name, Value: v.value, Must: "must be without quotes and line breaks"}
		}
		fmt.Fprintf(&text, "%s='%s'\n", v.name, v.value)
	}
	return text.String(), nil
}
