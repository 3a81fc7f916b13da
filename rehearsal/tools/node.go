package tools

// Programs of a node that are not part of Kubernetes, and of its images.

const (
	containerdModule = "github.com/containerd/containerd/v2"
	etcdFolder       = "etcd"
)

// Containerd is the container runtime of the machines. Tests use its check of a configuration, the boot lab runs it.
func Containerd() Tool { return containerdTool("containerd") }

// Ctr is containerd's own client.
func Ctr() Tool { return containerdTool("ctr") }

// ContainerdShim is the process between containerd and a pod's containers.
func ContainerdShim() Tool { return containerdTool("containerd-shim-runc-v2") }

func containerdTool(name string) Tool {
	return Tool{Name: name, Module: "containerd", Package: containerdModule + "/cmd/" + name, stamp: func(version string) []string {
		return []string{containerdModule + "/version.Version=" + version}
	}}
}

// Crictl is the command line of the container runtime interface.
func Crictl() Tool {
	return Tool{Name: "crictl", Module: "crictl", Package: "sigs.k8s.io/cri-tools/cmd/crictl", stamp: func(version string) []string {
		return []string{"sigs.k8s.io/cri-tools/pkg/version.Version=" + version}
	}}
}

// CoreDNS is the cluster's name server, with no more plugins than kubeadm configures.
func CoreDNS() Tool {
	return Tool{Name: "coredns", Module: "coredns", Package: "github.com/growbin/cluster/rehearsal/tools/coredns", pins: "github.com/coredns/coredns"}
}

// Etcdctl and Etcdutl are in the image of etcd: the first connects to a running server, the second works on files.
func Etcdctl() Tool { return etcdTool("etcdctl") }

// Etcdutl is described at Etcdctl.
func Etcdutl() Tool { return etcdTool("etcdutl") }

func etcdTool(name string) Tool {
	return Tool{Name: name, Module: etcdFolder, Package: "go.etcd.io/etcd/" + name + "/v3"}
}
