package kubeadm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/kubeadm"
)

func TestWorkerUserData_InvalidConfig(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(c *kubeadm.NodeConfig)
		want   string
	}{
		"cluster":          {func(c *kubeadm.NodeConfig) { c.Cluster = "My_Cluster" }, `Cluster: "My_Cluster"`},
		"region":           {func(c *kubeadm.NodeConfig) { c.Region = "seoul" }, `Region: "seoul" must be an AWS region`},
		"name":             {func(c *kubeadm.NodeConfig) { c.Name = "k8s.redis" }, `Name: "k8s.redis"`},
		"role label":       {func(c *kubeadm.NodeConfig) { c.Labels["node-role.kubernetes.io/redis"] = "" }, `Labels[node-role.kubernetes.io/redis]: "" must not be set by a kubelet`},
		"restricted label": {func(c *kubeadm.NodeConfig) { c.Labels["node-restriction.kubernetes.io/x"] = "y" }, `Labels[node-restriction.kubernetes.io/x]: "y" must not be set by a kubelet`},
		"k8s.io label":     {func(c *kubeadm.NodeConfig) { c.Labels["app.k8s.io/x"] = "y" }, `Labels[app.k8s.io/x]: "y" must not be set by a kubelet`},
		"label value":      {func(c *kubeadm.NodeConfig) { c.Labels["a"] = "b,c=d" }, `Labels[a]: "b,c=d" must be a label value`},
		"label key":        {func(c *kubeadm.NodeConfig) { c.Labels["a b"] = "c" }, `Labels: "a b" must be a label key`},
		"taint effect":     {func(c *kubeadm.NodeConfig) { c.Taints[0].Effect = "NoWay" }, `Taints[dedicated]: "NoWay" must be one of`},
		"taint twice":      {func(c *kubeadm.NodeConfig) { c.Taints = append(c.Taints, c.Taints[0]) }, `Taints: "dedicated:NoSchedule" must be unique`},
		"taint key":        {func(c *kubeadm.NodeConfig) { c.Taints[0].Key = "-" }, `Taints: "-" must be a taint key`},
		"taint value":      {func(c *kubeadm.NodeConfig) { c.Taints[0].Value = "a b" }, `Taints[dedicated]: "a b" must be a label value`},
		"no pods":          {func(c *kubeadm.NodeConfig) { c.MaxPods = 0 }, `MaxPods: 0 must be 1 to 250`},
		"too many pods":    {func(c *kubeadm.NodeConfig) { c.MaxPods = 251 }, `MaxPods: 251 must`},
		"quantity":         {func(c *kubeadm.NodeConfig) { c.KubeReserved["cpu"] = "lots" }, `KubeReserved[cpu]: "lots" must be a quantity`},
		"resource":         {func(c *kubeadm.NodeConfig) { c.SystemReserved["gpu"] = "1" }, `SystemReserved key: "gpu"`},
		"percentage":       {func(c *kubeadm.NodeConfig) { c.SystemReserved["cpu"] = "10%" }, `SystemReserved[cpu]: "10%"`},
		"signal":           {func(c *kubeadm.NodeConfig) { c.EvictionHard["memory"] = "1Mi" }, `EvictionHard key: "memory"`},
		"threshold":        {func(c *kubeadm.NodeConfig) { c.EvictionHard["nodefs.available"] = "110%" }, `EvictionHard[nodefs.available]: "110%"`},
		"minor only":       {func(c *kubeadm.NodeConfig) { c.KubernetesVersion = "1.36" }, `KubernetesVersion: "1.36" must be a full version without a leading v`},
		"leading v":        {func(c *kubeadm.NodeConfig) { c.KubernetesVersion = "v1.36.3" }, `KubernetesVersion: "v1.36.3"`},
		"old minor":        {func(c *kubeadm.NodeConfig) { c.KubernetesVersion = "1.28.2" }, `KubernetesVersion: "1.28.2" must be of 1.35, 1.36, 1.37`},
		"revision":         {func(c *kubeadm.NodeConfig) { c.PackageRevision = "00" }, `PackageRevision: "00"`},
		"containerd 1":     {func(c *kubeadm.NodeConfig) { c.ContainerdVersion = "1.7.*" }, `ContainerdVersion: "1.7.*" must be an apt version or pattern of containerd 2`},
		"mount at root":    {func(c *kubeadm.NodeConfig) { c.DataMount = "/data" }, `DataMount: "/data"`},
		"unclean mount":    {func(c *kubeadm.NodeConfig) { c.DataMount = "/var/lib/../x" }, `DataMount: "/var/lib/../x"`},
		"shell in mount":   {func(c *kubeadm.NodeConfig) { c.DataMount = "/var/lib/$(x)" }, `DataMount: "/var/lib/$(x)"`},
		"quote in URL":     {func(c *kubeadm.NodeConfig) { c.Sources.SSMEndpoint = "http://a/'b" }, `Sources.SSMEndpoint: "http://a/'b"`},
		"no URL":           {func(c *kubeadm.NodeConfig) { c.Sources.IMDSEndpoint = "169.254.169.254" }, `Sources.IMDSEndpoint: "169.254.169.254" must be an http`},
		"repository":       {func(c *kubeadm.NodeConfig) { c.Sources.ImageRepository = "https://x" }, `Sources.ImageRepository: "https://x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := workerConfig()
			test.change(&config.NodeConfig)
			_, err := kubeadm.WorkerUserData(config)
			require.ErrorContains(t, err, `worker "`)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestControlPlaneUserData_InvalidConfig(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(c *kubeadm.ControlPlaneConfig)
		want   string
	}{
		"address":            {func(c *kubeadm.ControlPlaneConfig) { c.PrivateIP = "k8s-master" }, `PrivateIP: "k8s-master" must be the fixed IPv4 address`},
		"loopback":           {func(c *kubeadm.ControlPlaneConfig) { c.PrivateIP = "127.0.0.1" }, `PrivateIP: "127.0.0.1"`},
		"IPv6":               {func(c *kubeadm.ControlPlaneConfig) { c.PrivateIP = "fd00::1" }, `PrivateIP: "fd00::1"`},
		"no range":           {func(c *kubeadm.ControlPlaneConfig) { c.PodCIDR = "192.168.0.0" }, `PodCIDR: "192.168.0.0" must be an IPv4 range`},
		"not first address":  {func(c *kubeadm.ControlPlaneConfig) { c.ServiceCIDR = "10.96.0.1/12" }, `ServiceCIDR: "10.96.0.1/12"`},
		"small range":        {func(c *kubeadm.ControlPlaneConfig) { c.ServiceCIDR = "10.96.0.0/25" }, `ServiceCIDR: "10.96.0.0/25"`},
		"overlap":            {func(c *kubeadm.ControlPlaneConfig) { c.ServiceCIDR = "192.168.128.0/20" }, `ServiceCIDR: "192.168.128.0/20" must not overlap PodCIDR 192.168.0.0/16`},
		"holds the machine":  {func(c *kubeadm.ControlPlaneConfig) { c.PodCIDR = "10.0.0.0/16" }, `PodCIDR: "10.0.0.0/16" must not contain the address of the instance, 10.0.1.10`},
		"certificate's name": {func(c *kubeadm.ControlPlaneConfig) { c.CertSANs = []string{"https://api"} }, `CertSANs: "https://api" must be an IP address or a DNS name`},
		"role label":         {func(c *kubeadm.ControlPlaneConfig) { c.Labels["node-role.kubernetes.io/control-plane"] = "" }, `Labels[node-role.kubernetes.io/control-plane]: "" must not be set by a kubelet`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := controlPlaneConfig()
			test.change(&config)
			_, err := kubeadm.ControlPlaneUserData(config)
			require.ErrorContains(t, err, `control plane "k8s-master":`)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestControlPlaneUserData_AllProblemsTogether(t *testing.T) {
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
