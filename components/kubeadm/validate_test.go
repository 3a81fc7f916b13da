package kubeadm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/kubeadm"
)

func TestBadNodeConfigIsExplained(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(c *kubeadm.NodeConfig)
		want   string
	}{
		"cluster":          {func(c *kubeadm.NodeConfig) { c.Cluster = "My_Cluster" }, `Cluster is "My_Cluster"`},
		"region":           {func(c *kubeadm.NodeConfig) { c.Region = "seoul" }, `Region is "seoul": an AWS region such as ap-northeast-2 is right`},
		"name":             {func(c *kubeadm.NodeConfig) { c.Name = "k8s.redis" }, `Name is "k8s.redis"`},
		"role label":       {func(c *kubeadm.NodeConfig) { c.Labels["node-role.kubernetes.io/redis"] = "" }, `label "node-role.kubernetes.io/redis": a kubelet may not set it`},
		"restricted label": {func(c *kubeadm.NodeConfig) { c.Labels["node-restriction.kubernetes.io/x"] = "y" }, `label "node-restriction.kubernetes.io/x": a kubelet may not set it`},
		"k8s.io label":     {func(c *kubeadm.NodeConfig) { c.Labels["app.k8s.io/x"] = "y" }, `label "app.k8s.io/x": a kubelet may not set it`},
		"label value":      {func(c *kubeadm.NodeConfig) { c.Labels["a"] = "b,c=d" }, `label "a" has the value "b,c=d"`},
		"label key":        {func(c *kubeadm.NodeConfig) { c.Labels["a b"] = "c" }, `label key "a b"`},
		"taint effect":     {func(c *kubeadm.NodeConfig) { c.Taints[0].Effect = "NoWay" }, `taint "dedicated" has the effect "NoWay"`},
		"taint twice":      {func(c *kubeadm.NodeConfig) { c.Taints = append(c.Taints, c.Taints[0]) }, `taint dedicated:NoSchedule is given twice`},
		"taint key":        {func(c *kubeadm.NodeConfig) { c.Taints[0].Key = "-" }, `taint key "-"`},
		"taint value":      {func(c *kubeadm.NodeConfig) { c.Taints[0].Value = "a b" }, `taint "dedicated" has the value "a b"`},
		"no pods":          {func(c *kubeadm.NodeConfig) { c.MaxPods = 0 }, `MaxPods is "0": a number from 1 to 250 is right`},
		"too many pods":    {func(c *kubeadm.NodeConfig) { c.MaxPods = 251 }, `MaxPods is "251"`},
		"quantity":         {func(c *kubeadm.NodeConfig) { c.KubeReserved["cpu"] = "lots" }, `KubeReserved[cpu] is "lots": a quantity such as 100m or 256Mi is right`},
		"resource":         {func(c *kubeadm.NodeConfig) { c.SystemReserved["gpu"] = "1" }, `SystemReserved key is "gpu"`},
		"percentage":       {func(c *kubeadm.NodeConfig) { c.SystemReserved["cpu"] = "10%" }, `SystemReserved[cpu] is "10%"`},
		"signal":           {func(c *kubeadm.NodeConfig) { c.EvictionHard["memory"] = "1Mi" }, `EvictionHard key is "memory"`},
		"threshold":        {func(c *kubeadm.NodeConfig) { c.EvictionHard["nodefs.available"] = "110%" }, `EvictionHard[nodefs.available] is "110%"`},
		"minor only":       {func(c *kubeadm.NodeConfig) { c.KubernetesVersion = "1.36" }, `version of Kubernetes is "1.36": a full version without a leading v, such as 1.36.3, is right`},
		"leading v":        {func(c *kubeadm.NodeConfig) { c.KubernetesVersion = "v1.36.3" }, `version of Kubernetes is "v1.36.3"`},
		"old minor":        {func(c *kubeadm.NodeConfig) { c.KubernetesVersion = "1.28.2" }, `version of Kubernetes is "1.28.2": one of 1.35, 1.36, 1.37 is right`},
		"revision":         {func(c *kubeadm.NodeConfig) { c.PackageRevision = "00" }, `PackageRevision is "00"`},
		"containerd 1":     {func(c *kubeadm.NodeConfig) { c.ContainerdVersion = "1.7.*" }, `ContainerdVersion is "1.7.*": an apt version or pattern of containerd 2`},
		"mount at root":    {func(c *kubeadm.NodeConfig) { c.DataMount = "/data" }, `DataMount is "/data"`},
		"unclean mount":    {func(c *kubeadm.NodeConfig) { c.DataMount = "/var/lib/../x" }, `DataMount is "/var/lib/../x"`},
		"shell in mount":   {func(c *kubeadm.NodeConfig) { c.DataMount = "/var/lib/$(x)" }, `DataMount is "/var/lib/$(x)"`},
		"quote in URL":     {func(c *kubeadm.NodeConfig) { c.Sources.SSMEndpoint = "http://a/'b" }, `Sources.SSMEndpoint is "http://a/'b"`},
		"no URL":           {func(c *kubeadm.NodeConfig) { c.Sources.IMDSEndpoint = "169.254.169.254" }, `Sources.IMDSEndpoint is "169.254.169.254": an http or https URL`},
		"repository":       {func(c *kubeadm.NodeConfig) { c.Sources.ImageRepository = "https://x" }, `Sources.ImageRepository is "https://x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := workerConfig()
			test.change(&config.NodeConfig)
			_, err := kubeadm.WorkerUserData(config)
			require.ErrorContains(t, err, "cannot be configured")
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestBadControlPlaneConfigIsExplained(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(c *kubeadm.ControlPlaneConfig)
		want   string
	}{
		"address":            {func(c *kubeadm.ControlPlaneConfig) { c.PrivateIP = "k8s-master" }, `PrivateIP is "k8s-master": the machine's fixed IPv4 address is right`},
		"loopback":           {func(c *kubeadm.ControlPlaneConfig) { c.PrivateIP = "127.0.0.1" }, `PrivateIP is "127.0.0.1"`},
		"IPv6":               {func(c *kubeadm.ControlPlaneConfig) { c.PrivateIP = "fd00::1" }, `PrivateIP is "fd00::1"`},
		"no range":           {func(c *kubeadm.ControlPlaneConfig) { c.PodCIDR = "192.168.0.0" }, `PodCIDR is "192.168.0.0": an IPv4 range`},
		"not first address":  {func(c *kubeadm.ControlPlaneConfig) { c.ServiceCIDR = "10.96.0.1/12" }, `ServiceCIDR is "10.96.0.1/12"`},
		"small range":        {func(c *kubeadm.ControlPlaneConfig) { c.ServiceCIDR = "10.96.0.0/25" }, `ServiceCIDR is "10.96.0.0/25"`},
		"overlap":            {func(c *kubeadm.ControlPlaneConfig) { c.ServiceCIDR = "192.168.128.0/20" }, `ServiceCIDR is "192.168.128.0/20": it must not overlap PodCIDR 192.168.0.0/16`},
		"holds the machine":  {func(c *kubeadm.ControlPlaneConfig) { c.PodCIDR = "10.0.0.0/16" }, `PodCIDR is "10.0.0.0/16": it must not contain the machine's own address 10.0.1.10`},
		"certificate's name": {func(c *kubeadm.ControlPlaneConfig) { c.CertSANs = []string{"https://api"} }, `CertSANs is "https://api": an IP address or a DNS name is right`},
		"role label":         {func(c *kubeadm.ControlPlaneConfig) { c.Labels["node-role.kubernetes.io/control-plane"] = "" }, `label "node-role.kubernetes.io/control-plane": a kubelet may not set it`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := controlPlaneConfig()
			test.change(&config)
			_, err := kubeadm.ControlPlaneUserData(config)
			require.ErrorContains(t, err, `control plane "k8s-master" cannot be configured`)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestAllProblemsAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := kubeadm.ControlPlaneUserData(kubeadm.ControlPlaneConfig{NodeConfig: kubeadm.NodeConfig{Taints: []corev1.Taint{{}}}})
	for _, field := range []string{"Cluster", "Name", "Region", "Taints", "MaxPods", "KubernetesVersion", "PrivateIP", "PodCIDR", "ServiceCIDR"} {
		require.Contains(t, err.Error(), "\n"+field, field)
	}
	require.False(t, strings.Contains(err.Error(), "Sources"), "defaults must be valid: %v", err)
}

func TestMinor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"1.36.3": "1.36", "1.37.12": "1.37", "v1.36.3": "", "1.36": "", "": "", "1.36.3-rc.1": ""} {
		require.Equal(t, want, kubeadm.Minor(version), version)
	}
	for _, minor := range kubeadm.SupportedMinors() {
		require.NoError(t, kubeadm.CheckVersion(minor+".1"))
	}
}
