package userdata_test

import (
	"crypto/rand"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

func TestParseNode_InconsistentControlPlane(t *testing.T) {
	t.Parallel()
	const kubeadm, kubelet, environment = userdata.KubeadmConfigPath, userdata.KubeletPatchPath, userdata.EnvironmentPath
	for name, test := range map[string]struct{ file, old, replacement, want string }{
		"node name":        {kubeadm, "name: cp", "name: other", `kubeadm names the node "other", NODE_NAME names it "cp"`},
		"cluster":          {kubeadm, "clusterName: dev", "clusterName: prod", `kubeadm names the cluster "prod"`},
		"version":          {kubeadm, "v1.36.3", "v1.36.2", `kubeadm has Kubernetes "v1.36.2"`},
		"certificates":     {kubeadm, "/var/lib/cp/pki", "/etc/pki", `certificatesDir is "/etc/pki", must be /var/lib/cp/pki`},
		"etcd":             {kubeadm, "/var/lib/cp/etcd", "/var/lib/etcd", `etcd.local.dataDir is "/var/lib/etcd"`},
		"role label":       {kubeadm, "a=b", "node-role.kubernetes.io/x=", `must not be set by a kubelet`},
		"label twice":      {kubeadm, "a=b", "a=b,a=c", `"a=c" is no key=value, or sets a key twice`},
		"no label":         {kubeadm, "a=b", "a", `"a" is no key=value`},
		"taint":            {kubeadm, "effect: NoSchedule", "effect: Never", `"Never" must be one of`},
		"patches":          {kubeadm, "/etc/kubeadm/patches", "/patches", `patches.directory is "/patches"`},
		"kubeadm API":      {kubeadm, "v1beta4", "v1beta3", `InitConfiguration has the API version "kubeadm.k8s.io/v1beta3"`},
		"unknown kind":     {kubeadm, "KubeProxyConfiguration", "Something", `unknown kind "Something"`},
		"twice":            {kubeadm, "kind: KubeletConfiguration", "kind: KubeProxyConfiguration", `KubeProxyConfiguration has the API version`},
		"missing document": {kubeadm, "---\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n", "", "has no KubeProxyConfiguration"},
		"no object":        {kubeadm, "---\napiVersion: kubelet", "---\n- a\n---\napiVersion: kubelet", "is no YAML object"},
		"patch kind":       {kubelet, "kind: KubeletConfiguration", "kind: Other", `is a "Other"`},
		"patch API":        {kubelet, "v1beta1", "v1", `of "kubelet.config.k8s.io/v1"`},
		"no YAML":          {kubelet, "maxPods: 30", "maxPods: many", "is no KubeletConfiguration"},
		"no pods":          {kubelet, "maxPods: 30", "maxPods: 0", "sets maxPods to 0"},
		"quantity":         {kubelet, "70m", "some", `kubeReserved["cpu"] is "some"`},
		"percentage":       {kubelet, "10%", "0%", `evictionHard["nodefs.available"] is "0%"`},
		"authority":        {kubelet, "/var/lib/cp/pki", "/etc/kubernetes/pki", `clientCAFile is "/etc/kubernetes/pki/ca.crt", must be /var/lib/cp/pki/ca.crt`},
		"role":             {environment, "'control-plane'", "'boss'", `NODE_ROLE="boss"`},
		"no region":        {environment, "AWS_REGION='ap-northeast-2'", "", "does not set AWS_REGION"},
		"no kubeconfig":    {environment, "KUBECONFIG_PARAMETER='/dev/kubeconfig'", "", "does not set KUBECONFIG_PARAMETER"},
		"minor":            {environment, "'1.36.3'", "'1.36'", `KUBERNETES_VERSION="1.36"`},
		"name":             {environment, "NODE_NAME='cp'", "NODE_NAME='C_P'", `node name "C_P"`},
		"off the disk":     {environment, "DATA_MOUNT='/var/lib/cp'", "DATA_MOUNT='/data'", `it must lie on the data disk, mounted at "/data"`},
		"shell":            {environment, "'dev'", `"$(reboot)"`, "is not of the form NAME='value'"},
		"variable twice":   {environment, "STEPS='go'", "STEPS='go'\nSTEPS='go'", "sets STEPS a second time"},
		"missing script":   {environment, "STEPS='go'", "STEPS='go away'", "boot step away: user data has no file"},
		"no steps":         {environment, "STEPS='go'", "STEPS=''", "names no boot step"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := controlPlane()
			image.replace(t, test.file, test.old, test.replacement)
			_, err := userdata.ParseNode(image.pack(t))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestParseNode_InconsistentWorker(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, old, replacement, want string }{
		"discovery":        {userdata.KubeadmConfigPath, "/etc/kubeadm/discovery.conf", "/tmp/x", `discovery.file.kubeConfigPath is "/tmp/x"`},
		"authority":        {userdata.KubeadmConfigPath, "/etc/kubernetes/pki/ca.crt", "/tmp/ca.crt", `clientCAFile is "/etc/kubernetes/pki/ca.crt", must be /tmp/ca.crt`},
		"more documents":   {userdata.KubeadmConfigPath, "kind: JoinConfiguration", "kind: JoinConfiguration\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration", "has 2 documents: only JoinConfiguration"},
		"wrong document":   {userdata.KubeadmConfigPath, "kind: JoinConfiguration", "kind: InitConfiguration", "has no JoinConfiguration"},
		"twice":            {userdata.KubeadmConfigPath, "kind: JoinConfiguration", "kind: JoinConfiguration\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration", "holds JoinConfiguration twice"},
		"reads kubeconfig": {userdata.EnvironmentPath, "DATA_MOUNT=''", "KUBECONFIG_PARAMETER='/dev/kubeconfig'", "must not be set on a worker"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := worker()
			image.replace(t, test.file, test.old, test.replacement)
			_, err := userdata.ParseNode(image.pack(t))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestParseNode_WouldNotBoot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(i *image)
		want   string
	}{
		"host name":     {func(i *image) { i.doc.Hostname = "other" }, `the host is named "other" and the node "w"`},
		"kept name":     {func(i *image) { i.doc.PreserveHostname = true }, `they must be the same`},
		"not started":   {func(i *image) { i.doc.Commands = nil }, "no command enables and starts kubeadm-bootstrap.service"},
		"empty command": {func(i *image) { i.doc.Commands = append(i.doc.Commands, nil) }, "command 2 is empty"},
		"no files":      {func(i *image) { i.doc.Files = nil }, "user data has no file /etc/kubeadm/kubeadm.yaml"},
		"file twice":    {func(i *image) { i.doc.Files = append(i.doc.Files, i.doc.Files[0]) }, "is written twice"},
		"relative path": {func(i *image) { i.doc.Files[0].Path = "etc/x" }, `"etc/x" is not a clean absolute path`},
		"permissions":   {func(i *image) { i.doc.Files[0].Permissions = "644" }, `has permissions "644"`},
		"owner":         {func(i *image) { i.doc.Files[0].Owner = "ubuntu" }, `belongs to "ubuntu"`},
		"no header":     {func(i *image) { i.text = "hostname: w\n" }, "does not begin with the line #cloud-config"},
		"unknown key":   {func(i *image) { i.text = "#cloud-config\nrun_cmd: []\n" }, `unknown field "run_cmd"`},
		"no YAML":       {func(i *image) { i.text = "#cloud-config\n\t" }, "is no cloud-config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := worker()
			test.change(image)
			_, err := userdata.ParseNode(image.pack(t))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestDecode_InvalidEnvelope(t *testing.T) {
	t.Parallel()
	noise := make([]byte, userdata.MaxBytes)
	_, err := rand.Read(noise)
	require.NoError(t, err)
	zeros := make([]byte, 2<<20)
	for want, encoded := range map[string]string{
		"is not base64":                "!",
		"is not gzip":                  base64.StdEncoding.EncodeToString([]byte("#cloud-config\n")),
		"EC2 takes at most 16384":      packed(t, noise),
		"unpacks to more than 1048576": packed(t, zeros),
		"cannot be unpacked":           truncated(t),
	} {
		_, err := userdata.Decode(encoded)
		require.ErrorContains(t, err, want)
	}
}

func truncated(t *testing.T) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(worker().pack(t))
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(raw[:len(raw)/2])
}

func TestDocument_MissingFile(t *testing.T) {
	t.Parallel()
	document, err := userdata.Decode(worker().pack(t))
	require.NoError(t, err)
	_, err = document.File("/nowhere")
	require.ErrorContains(t, err, "user data has no file /nowhere")
	text, err := document.File(userdata.UnitPath)
	require.NoError(t, err)
	require.Equal(t, "[Service]\n", text)
}

// FuzzParseNode looks for a cloud-config that makes the reader panic, or that it takes although it must not.
func FuzzParseNode(f *testing.F) {
	for _, image := range []*image{controlPlane(), worker()} {
		f.Add(image.plain(f))
	}
	f.Add([]byte("#cloud-config\nwrite_files: [{path: /a, owner: 'root:root', permissions: '0644', content: 'a'}]\n"))
	f.Add([]byte("#cloud-config\nruncmd: [[]]\nhostname: ''\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		node, err := userdata.ParseNode(packed(t, text))
		if (node == nil) == (err == nil) {
			t.Fatalf("node %v with error %v", node, err)
		}
		if err != nil {
			return
		}
		if err := userdata.CheckLabels(node.Labels); err != nil || node.Name == "" || node.MaxPods < 1 {
			t.Fatalf("a node that could not be: %+v, %v", node, err)
		}
	})
}
