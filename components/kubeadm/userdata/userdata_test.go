package userdata_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

const controlPlaneKubeadm = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration:
  name: cp
  kubeletExtraArgs:
  - {name: node-labels, value: "a=b,topology.kubernetes.io/zone=z"}
  - {name: v, value: "2"}
  taints:
  - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
patches: {directory: /etc/kubeadm/patches}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: dev
kubernetesVersion: v1.36.3
certificatesDir: /var/lib/cp/pki
etcd: {local: {dataDir: /var/lib/cp/etcd}}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
`

const workerKubeadm = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
caCertPath: /etc/kubernetes/pki/ca.crt
discovery: {file: {kubeConfigPath: /etc/kubeadm/discovery.conf}}
nodeRegistration:
  name: w
  taints: []
patches: {directory: /etc/kubeadm/patches}
`

const patch = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: AUTHORITY}}
maxPods: 30
kubeReserved: {cpu: 70m, memory: 300Mi}
evictionHard: {memory.available: 100Mi, nodefs.available: 10%}
`

// image is user data that can be changed before it is packed.
type image struct {
	text string // replaces all else when set
	doc  userdata.Document
}

func newImage(hostname, kubeadm, authority, environment string) *image {
	files := map[string]string{
		userdata.KubeadmConfigPath: kubeadm,
		userdata.KubeletPatchPath:  strings.ReplaceAll(patch, "AUTHORITY", authority),
		userdata.EnvironmentPath: environment + `# what every node has
CLUSTER_NAME='dev'
AWS_REGION='ap-northeast-2'
KUBERNETES_VERSION='1.36.3'
STEPS='go'
`,
		userdata.DriverPath:            "#!/bin/bash\n",
		userdata.ScriptsDir + "/go.sh": "#!/bin/bash\n",
		userdata.UnitPath:              "[Service]\n",
	}
	i := &image{doc: userdata.Document{Hostname: hostname, Commands: [][]string{{"systemctl", "enable", "--now", "kubeadm-bootstrap.service"}}}}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		i.doc.Files = append(i.doc.Files, userdata.File{Path: path, Owner: "root:root", Permissions: "0644", Content: files[path]})
	}
	return i
}

func controlPlane() *image {
	return newImage("cp", controlPlaneKubeadm, "/var/lib/cp/pki/ca.crt", `NODE_ROLE='control-plane'
NODE_NAME='cp'
STATUS_PARAMETER='/dev/nodes/cp'
KUBECONFIG_PARAMETER='/dev/kubeconfig'
ENCRYPTION_PARAMETER='/dev/encryption'
ACCESS_PATH='/dev/access'
JOIN_PATH='/dev/join'
STATE_DIR='/var/lib/cp'
DATA_MOUNT='/var/lib/cp'
`)
}

func worker() *image {
	return newImage("w", workerKubeadm, "/etc/kubernetes/pki/ca.crt", `NODE_ROLE='worker'
JOIN_PARAMETER='/dev/join/w'
NODE_NAME='w'
STATUS_PARAMETER='/dev/nodes/w'
DATA_MOUNT=''
`)
}

// replace changes a file's text; the old text must be there.
func (i *image) replace(t *testing.T, path, old, replacement string) {
	t.Helper()
	for n := range i.doc.Files {
		if i.doc.Files[n].Path == path {
			require.Contains(t, i.doc.Files[n].Content, old)
			i.doc.Files[n].Content = strings.Replace(i.doc.Files[n].Content, old, replacement, 1)
			return
		}
	}
	t.Fatalf("there is no file %s", path)
}

// plain is the cloud-config as text.
func (i *image) plain(t testing.TB) []byte {
	t.Helper()
	if i.text != "" {
		return []byte(i.text)
	}
	body, err := yaml.Marshal(i.doc)
	require.NoError(t, err)
	return append([]byte("#cloud-config\n"), body...)
}

func (i *image) pack(t testing.TB) string {
	t.Helper()
	return packed(t, i.plain(t))
}

func packed(t testing.TB, text []byte) string {
	t.Helper()
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err := writer.Write(text)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return base64.StdEncoding.EncodeToString(buffer.Bytes())
}

func TestParseNode_Valid(t *testing.T) {
	t.Parallel()
	node, err := userdata.ParseNode(controlPlane().pack(t))
	require.NoError(t, err)
	require.Equal(t, &userdata.Node{
		ControlPlane: true, Name: "cp", Cluster: "dev", Region: "ap-northeast-2", KubernetesVersion: "1.36.3",
		Labels:  map[string]string{"a": "b", "topology.kubernetes.io/zone": "z"},
		Taints:  []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}},
		MaxPods: 30, KubeReserved: map[string]string{"cpu": "70m", "memory": "300Mi"},
		EvictionHard:  map[string]string{"memory.available": "100Mi", "nodefs.available": "10%"},
		KubeadmConfig: []byte(controlPlaneKubeadm), DataDisk: true, Steps: []string{"go"},
		JoinPath: "/dev/join", KubeconfigParameter: "/dev/kubeconfig", EncryptionParameter: "/dev/encryption", AccessPath: "/dev/access", StatusParameter: "/dev/nodes/cp",
	}, node)

	node, err = userdata.ParseNode(worker().pack(t))
	require.NoError(t, err)
	require.False(t, node.ControlPlane)
	require.False(t, node.DataDisk)
	require.Empty(t, node.Labels)
	require.Empty(t, node.Taints)
}
