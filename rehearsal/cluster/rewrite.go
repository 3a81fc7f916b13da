package cluster

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/growbin/cluster/components/ports"
)

// configRewrites are all changes to the kubeadm configuration before kubeadm creates certificates and static pods from it.
// kubeadm uploads the unchanged configuration to the cluster.
var configRewrites = []struct {
	kind   string
	reason string
	apply  func(document map[string]any, c *kubeadmConfig, l layout)
}{
	{"ClusterConfiguration", "the certificates lie in the folder that stands for the data volume",
		func(document map[string]any, _ *kubeadmConfig, l layout) {
			setField(document, l.pki(), "certificatesDir")
		}},
	{"ClusterConfiguration", "etcd's data lies in the folder that stands for the data volume",
		func(document map[string]any, _ *kubeadmConfig, l layout) {
			setField(document, l.etcd(), "etcd", "local", "dataDir")
		}},
	{"InitConfiguration", "the patches lie in the folder that stands for the root disk",
		func(document map[string]any, c *kubeadmConfig, l layout) {
			if c.patchesDir != "" {
				setField(document, l.host(c.patchesDir), "patches", "directory")
			}
		}},
}

// portMap maps each port that a control plane takes on a machine of its own to the one it gets on this host.
type portMap map[int]int

// The ports of a control plane (kubeadm's constants). The API server's own is found in the configuration.
const (
	etcdClientPort        = ports.EtcdClient
	etcdPeerPort          = ports.EtcdPeer
	etcdMetricsPort       = 2381
	controllerManagerPort = 10257
	schedulerPort         = 10259
)

// place holds the folders and ports of this host for the rewrites of flags.
type place struct {
	layout layout
	ports  portMap
}

// flagRewrites is everything that is changed in the command lines that kubeadm wrote.
var flagRewrites = []struct {
	program string // the program it is for; "" for every program
	flag    string // the flag it is for; "" for every flag
	reason  string
	rewrite func(p place, value string) string
	added   bool // whether a missing flag is added
}{
	{"", "", "files of the machine lie below the folder that stands for its root disk", place.file, false},

	{"etcd", "listen-client-urls", "loopback and a free port: several rehearsals share a host", place.urls, false},
	{"etcd", "advertise-client-urls", "the same", place.urls, false},
	{"etcd", "listen-peer-urls", "the same", place.urls, false},
	{"etcd", "initial-advertise-peer-urls", "the same", place.urls, false},
	{"etcd", "initial-cluster", "the same", place.members, false},
	{"etcd", "listen-metrics-urls", "the same", place.urls, false},

	{"kube-apiserver", "etcd-servers", "etcd's port above", place.urls, false},
	{"kube-apiserver", "bind-address", "nothing of a rehearsal is reachable from outside", loopback, true},
	{"kube-apiserver", "secure-port", "a free port, or the one that stands for the Session Manager tunnel", place.port, false},
	{"kube-apiserver", "egress-selector-config-file", "kubelets and pods have simulated addresses, to which no packet may be sent",
		func(p place, _ string) string { return p.layout.host(egressConfigPath) }, true},

	{"kube-controller-manager", "bind-address", "nothing of a rehearsal is reachable from outside", loopback, true},
	{"kube-controller-manager", "secure-port", "a free port", fixedPort(controllerManagerPort), true},
	{"kube-scheduler", "bind-address", "nothing of a rehearsal is reachable from outside", loopback, true},
	{"kube-scheduler", "secure-port", "a free port", fixedPort(schedulerPort), true},
}

// rewriteFlags applies the table to one program's flags.
func rewriteFlags(program string, flags []string, p place) []string {
	flags = slices.Clone(flags)
	for _, rule := range flagRewrites {
		if rule.program != "" && rule.program != program {
			continue
		}
		found := false
		for i, flag := range flags {
			name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
			if rule.flag == "" || rule.flag == name {
				flags[i] = "--" + name + "=" + rule.rewrite(p, value)
				found = true
			}
		}
		if rule.added && !found {
			flags = append(flags, "--"+rule.flag+"="+rule.rewrite(p, ""))
		}
	}
	return flags
}

func loopback(place, string) string { return "127.0.0.1" }

func fixedPort(port int) func(place, string) string {
	return func(p place, _ string) string { return strconv.Itoa(p.ports[port]) }
}

func (p place) port(value string) string {
	port, err := strconv.Atoi(value)
	if err != nil { // kubeadm writes numbers; the program will reject this
		return value
	}
	if mapped, ok := p.ports[port]; ok {
		return strconv.Itoa(mapped)
	}
	return value
}

// file moves an absolute path below the machine's root, unless it lies in one of our folders already.
func (p place) file(value string) string {
	if !filepath.IsAbs(value) || within(p.layout.volume, value) || within(p.layout.run, value) {
		return value
	}
	moved := p.layout.host(value)
	if relative, err := filepath.Rel(p.layout.state, value); p.layout.state != "" && err == nil && filepath.IsLocal(relative) {
		moved = filepath.Join(p.layout.volume, relative)
	}
	// Programs make their own log files, but not the folders for them.
	_ = os.MkdirAll(filepath.Dir(moved), 0o700) // a failure shows when the program opens the file
	return moved
}

func within(folder, path string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(relative)
}

// urls moves a list of URLs to loopback. Two addresses of one machine may become the same one.
func (p place) urls(value string) string {
	var moved []string
	for _, one := range strings.Split(value, ",") {
		if u := p.url(one); !slices.Contains(moved, u) {
			moved = append(moved, u)
		}
	}
	return strings.Join(moved, ",")
}

func (p place) url(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Port() == "" {
		return value
	}
	u.Host = net.JoinHostPort("127.0.0.1", p.port(u.Port()))
	return u.String()
}

// members moves etcd's list of name=URL pairs.
func (p place) members(value string) string {
	members := strings.Split(value, ",")
	for i, member := range members {
		name, address, _ := strings.Cut(member, "=")
		members[i] = name + "=" + p.url(address)
	}
	return strings.Join(members, ",")
}
