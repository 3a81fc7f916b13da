package cluster

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testPlace(t *testing.T) place {
	dir := t.TempDir()
	return place{
		layout: layout{volume: filepath.Join(dir, "volume"), run: filepath.Join(dir, "run")},
		ports:  portMap{6443: 40001, 2379: 40002, 2380: 40003, 2381: 40004, 10257: 40005, 10259: 40006},
	}
}

func TestRewriteFlags_Loopback(t *testing.T) {
	p := testPlace(t)
	cases := []struct{ program, flag, want string }{
		{"etcd", "--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.10:2379", "--listen-client-urls=https://127.0.0.1:40002"},
		{"etcd", "--listen-peer-urls=https://10.0.0.10:2380", "--listen-peer-urls=https://127.0.0.1:40003"},
		{"etcd", "--initial-cluster=master=https://10.0.0.10:2380", "--initial-cluster=master=https://127.0.0.1:40003"},
		{"etcd", "--listen-metrics-urls=http://127.0.0.1:2381", "--listen-metrics-urls=http://127.0.0.1:40004"},
		{"etcd", "--data-dir=" + p.layout.etcd(), "--data-dir=" + p.layout.etcd()},
		{"kube-apiserver", "--secure-port=6443", "--secure-port=40001"},
		{"kube-apiserver", "--etcd-servers=https://127.0.0.1:2379", "--etcd-servers=https://127.0.0.1:40002"},
		{"kube-apiserver", "--advertise-address=10.0.0.10", "--advertise-address=10.0.0.10"},
		{"kube-apiserver", "--service-cluster-ip-range=10.97.0.0/16", "--service-cluster-ip-range=10.97.0.0/16"},
		{"kube-apiserver", "--audit-policy-file=/etc/kubernetes/audit.yaml", "--audit-policy-file=" + p.layout.host("/etc/kubernetes/audit.yaml")},
		{"kube-controller-manager", "--bind-address=0.0.0.0", "--bind-address=127.0.0.1"},
		{"kube-scheduler", "--kubeconfig=/etc/kubernetes/scheduler.conf", "--kubeconfig=" + p.layout.host("/etc/kubernetes/scheduler.conf")},
	}
	for _, c := range cases {
		assert.Contains(t, rewriteFlags(c.program, []string{c.flag}, p), c.want, "%s %s", c.program, c.flag)
	}
}

func TestRewriteFlags_MissingFlags(t *testing.T) {
	p := testPlace(t)
	assert.ElementsMatch(t, []string{"--leader-elect=true", "--bind-address=127.0.0.1", "--secure-port=40006"},
		rewriteFlags("kube-scheduler", []string{"--leader-elect=true"}, p))
	assert.Contains(t, rewriteFlags("kube-apiserver", nil, p), "--bind-address=127.0.0.1")
	assert.Empty(t, rewriteFlags("etcd", nil, p))
}

func TestRewrites_Reasons(t *testing.T) {
	for _, rule := range flagRewrites {
		assert.NotEmpty(t, rule.reason, "%s %s", rule.program, rule.flag)
	}
	for _, rule := range configRewrites {
		assert.NotEmpty(t, rule.reason, "%s", rule.kind)
	}
}

const minimalConfig = `
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.10}
nodeRegistration: {name: master}
patches: {directory: /etc/kubeadm/patches}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
certificatesDir: /var/lib/data/pki
etcd: {local: {dataDir: /var/lib/data/etcd}}
`

func TestKubeadmConfig_OnThisHost(t *testing.T) {
	config, err := parseKubeadmConfig([]byte(minimalConfig))
	require.NoError(t, err)
	l := testPlace(t).layout
	content, err := config.onThisHost(l)
	require.NoError(t, err)

	moved, err := splitDocuments(content)
	require.NoError(t, err)
	require.Len(t, moved, 2)
	assert.Equal(t, map[string]any{"directory": l.host("/etc/kubeadm/patches")}, moved[0]["patches"])
	assert.Equal(t, l.pki(), moved[1]["certificatesDir"])
	assert.Equal(t, map[string]any{"local": map[string]any{"dataDir": l.etcd()}}, moved[1]["etcd"])
	again, err := splitDocuments([]byte(minimalConfig))
	require.NoError(t, err)
	assert.Equal(t, again, config.documents, "the machine's own configuration must stay as it was")
}

func TestKubeadmConfig_Unusable(t *testing.T) {
	const head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: "
	cases := map[string]struct{ config, want string }{
		"no address":    {head + "InitConfiguration\nnodeRegistration: {name: master}", `advertiseAddress is ""`},
		"no name":       {head + "InitConfiguration\nlocalAPIEndpoint: {advertiseAddress: 10.0.0.10}", "nodeRegistration.name is missing"},
		"version label": {head + "ClusterConfiguration\nkubernetesVersion: stable-1", `kubernetesVersion is "stable-1"`},
		"no version":    {head + "ClusterConfiguration", `kubernetesVersion is ""`},
		"external etcd": {head + "ClusterConfiguration\nkubernetesVersion: v1.36.3\netcd: {external: {endpoints: [a]}}", "etcd.external cannot be rehearsed"},
		"no YAML":       {"a: [", "reading the kubeadm configuration"},
	}
	for name, c := range cases {
		_, err := parseKubeadmConfig([]byte(c.config))
		assert.ErrorContains(t, err, c.want, name)
	}
}
