package kubeadm_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

func plainText(t *testing.T, encoded string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(raw))
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	return text
}

// document decodes the kubeadm document of the kind.
func document(t *testing.T, encoded, kind string) map[string]any {
	t.Helper()
	text, err := decode(t, encoded).File(userdata.KubeadmConfigPath)
	require.NoError(t, err)
	for _, part := range strings.Split(text, "---\n") {
		var fields map[string]any
		require.NoError(t, yaml.UnmarshalStrict([]byte(part), &fields))
		if fields["kind"] == kind {
			return fields
		}
	}
	t.Fatalf("there is no %s", kind)
	return nil
}

// field walks into nested maps by a dotted path.
func field(fields map[string]any, path string) any {
	var value any = fields
	for _, name := range strings.Split(path, ".") {
		nested, _ := value.(map[string]any)
		value = nested[name]
	}
	return value
}

func TestControlPlaneUserData_RoundTrip(t *testing.T) {
	t.Parallel()
	node, err := userdata.ParseNode(render(t, controlPlaneConfig()))
	require.NoError(t, err)
	node.KubeadmConfig = nil
	config := controlPlaneConfig()
	require.Equal(t, &userdata.Node{
		ControlPlane: true, Name: "k8s-master", Cluster: "dev", Key: "alias/dev", Region: "ap-northeast-2", KubernetesVersion: "1.36.3",
		Labels: config.Labels, Taints: []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}},
		MaxPods: 60, KubeReserved: config.KubeReserved, SystemReserved: config.SystemReserved, EvictionHard: config.EvictionHard, DataDisk: true,
		JoinPath: kubeadm.JoinPath("dev"), KubeconfigParameter: kubeadm.KubeconfigParameter("dev"),
		AccessPath: "/dev/access", EncryptionParameter: "/dev/encryption",
		StatusParameter: kubeadm.StatusParameter("dev", "k8s-master"),
		BackupBucket:    backupBucket, BackupParameter: kubeadm.BackupParameter("dev"),
		Steps: []string{"host", "packages", "containerd", "kubelet", "data-disk", "restore", "control-plane", "renew", "publish"},
	}, node)
}

func TestWorkerUserData_RoundTrip(t *testing.T) {
	t.Parallel()
	node, err := userdata.ParseNode(render(t, workerConfig()))
	require.NoError(t, err)
	node.KubeadmConfig = nil
	config := workerConfig()
	require.Equal(t, &userdata.Node{
		Name: "k8s-redis", Cluster: "dev", Key: "alias/dev", Region: "ap-northeast-2", KubernetesVersion: "1.36.3",
		Labels: config.Labels, Taints: config.Taints,
		MaxPods: 30, KubeReserved: config.KubeReserved, SystemReserved: config.SystemReserved, EvictionHard: config.EvictionHard, DataDisk: true,
		JoinParameter: kubeadm.JoinParameter("dev", "k8s-redis"), StatusParameter: kubeadm.StatusParameter("dev", "k8s-redis"),
		Steps: []string{"host", "packages", "containerd", "kubelet", "data-disk", "worker"},
	}, node)
}

func TestControlPlaneUserData_ClusterConfiguration(t *testing.T) {
	t.Parallel()
	cluster := document(t, render(t, controlPlaneConfig()), "ClusterConfiguration")
	for path, want := range map[string]any{
		"apiVersion":               "kubeadm.k8s.io/v1beta4",
		"kubernetesVersion":        "v1.36.3",
		"controlPlaneEndpoint":     "10.0.1.10:6443",
		"encryptionAlgorithm":      "ECDSA-P256",
		"certificatesDir":          "/var/lib/control-plane/pki",
		"etcd.local.dataDir":       "/var/lib/control-plane/etcd",
		"networking.podSubnet":     "192.168.0.0/16",
		"networking.serviceSubnet": "10.96.0.0/12",
		"imageRepository":          "registry.k8s.io",
		"apiServer.certSANs":       []any{"10.0.1.10", "k8s-master", "127.0.0.1", "localhost", "203.0.113.7", "api.example.com"},
		"apiServer.extraArgs": []any{
			map[string]any{"name": "profiling", "value": "false"},
			map[string]any{"name": "tls-min-version", "value": "VersionTLS13"},
			map[string]any{"name": "enable-bootstrap-token-auth", "value": "false"},
			map[string]any{"name": "authentication-config", "value": "/etc/kubeadm/apiserver/authentication.yaml"},
			map[string]any{"name": "audit-policy-file", "value": "/etc/kubeadm/apiserver/audit.yaml"},
			map[string]any{"name": "audit-log-path", "value": "/var/log/kubernetes/audit/audit.log"},
			map[string]any{"name": "audit-log-maxage", "value": "30"},
			map[string]any{"name": "audit-log-maxbackup", "value": "10"},
			map[string]any{"name": "audit-log-maxsize", "value": "100"},
			map[string]any{"name": "enable-admission-plugins", "value": "NodeRestriction,DenyServiceExternalIPs"},
			map[string]any{"name": "encryption-provider-config", "value": "/var/lib/control-plane/encryption/keys.json"},
			map[string]any{"name": "encryption-provider-config-automatic-reload", "value": "true"},
		},
	} {
		require.Equal(t, want, field(cluster, path), path)
	}
}

func TestControlPlaneUserData_Issuer(t *testing.T) {
	t.Parallel()
	config := controlPlaneConfig()
	config.IssuerBucket = "dev-issuer"
	node, err := userdata.ParseNode(render(t, config))
	require.NoError(t, err)
	require.Equal(t, "dev-issuer", node.IssuerBucket)
	// The first is that of new tokens.
	require.Contains(t, string(node.KubeadmConfig), `  - name: service-account-issuer
    value: https://dev-issuer.s3.ap-northeast-2.amazonaws.com
  - name: service-account-issuer
    value: https://kubernetes.default.svc.cluster.local
  - name: service-account-jwks-uri
    value: https://dev-issuer.s3.ap-northeast-2.amazonaws.com/openid/v1/jwks
`)
	config.IssuerBucket = "a.bucket"
	_, err = kubeadm.ControlPlaneUserData(config)
	require.ErrorContains(t, err, `IssuerBucket: "a.bucket" must be the name of an S3 bucket`)
}

func TestControlPlaneUserData_KubeletConfiguration(t *testing.T) {
	t.Parallel()
	kubelet := document(t, render(t, controlPlaneConfig()), "KubeletConfiguration")
	for path, want := range map[string]any{
		"cgroupDriver": "systemd", "rotateCertificates": true, "seccompDefault": true,
		"shutdownGracePeriod": "60s", "shutdownGracePeriodCriticalPods": "20s", "serializeImagePulls": false, "maxParallelImagePulls": 3.0,
		"podPidsLimit": 1024.0, "tlsMinVersion": "VersionTLS13", "enableSystemLogHandler": false,
	} {
		require.Equal(t, want, field(kubelet, path), path)
	}
}

func TestUserData_KubeletAuthority(t *testing.T) {
	t.Parallel()
	for want, config := range map[string]any{
		"/var/lib/control-plane/pki/ca.crt": controlPlaneConfig(),
		"/etc/kubernetes/pki/ca.crt":        workerConfig(),
	} {
		text, err := decode(t, render(t, config)).File(userdata.KubeletPatchPath)
		require.NoError(t, err)
		var patch map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(text), &patch))
		require.Equal(t, want, field(patch, "authentication.x509.clientCAFile"))
		require.Equal(t, true, patch["mergeDefaultEvictionSettings"], "thresholds that are not given would be switched off")
	}
	join := document(t, render(t, workerConfig()), "JoinConfiguration")
	require.Equal(t, "/etc/kubernetes/pki/ca.crt", join["caCertPath"])
}

func TestControlPlaneUserData_CoreDNSPatch(t *testing.T) {
	t.Parallel()
	config := controlPlaneConfig()
	config.DNS = &kubeadm.DNS{
		Nodes: []string{"cp", "db"}, Zones: 2, Taints: []corev1.Taint{{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule}},
	}
	text, err := decode(t, render(t, config)).File("/etc/kubeadm/patches/corednsdeployment+strategic.yaml")
	require.NoError(t, err)
	require.YAMLEq(t, `
spec:
  replicas: 2
  template:
    spec:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - {key: kubernetes.io/hostname, operator: In, values: [cp, db]}
      tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
      - {key: dedicated, operator: Equal, value: db, effect: NoSchedule}
      topologySpreadConstraints:
      - labelSelector: {matchLabels: {k8s-app: kube-dns}}
        matchLabelKeys: [pod-template-hash]
        maxSkew: 1
        minDomains: 2
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: DoNotSchedule
`, text)
}

func TestControlPlaneUserData_Taints(t *testing.T) {
	t.Parallel()
	config := controlPlaneConfig()
	config.Taints = []corev1.Taint{
		{Key: "dedicated", Value: "etcd", Effect: corev1.TaintEffectNoExecute},
		{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule},
	}
	node, err := userdata.ParseNode(render(t, config))
	require.NoError(t, err)
	require.Equal(t, []corev1.Taint{
		{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule},
		{Key: "dedicated", Value: "etcd", Effect: corev1.TaintEffectNoExecute},
	}, node.Taints)
}

func TestWorkerUserData_NoDataDisk(t *testing.T) {
	t.Parallel()
	config := controlPlaneConfig()
	config.DataMount = ""
	encoded := render(t, config)
	node, err := userdata.ParseNode(encoded)
	require.NoError(t, err)
	require.False(t, node.DataDisk)
	environment := variables(t, encoded)
	require.Equal(t, "host packages containerd kubelet restore control-plane renew publish", environment["STEPS"])
	require.Equal(t, "/var/lib/control-plane", environment["STATE_DIR"])
}

func variables(t *testing.T, encoded string) map[string]string {
	t.Helper()
	text, err := decode(t, encoded).File(userdata.EnvironmentPath)
	require.NoError(t, err)
	variables, err := userdata.ParseEnvironment(text)
	require.NoError(t, err)
	return variables
}

func TestWorkerUserData_DefaultSources(t *testing.T) {
	t.Parallel()
	environment := variables(t, render(t, workerConfig()))
	for name, want := range map[string]string{
		"KUBERNETES_APT":         "https://pkgs.k8s.io/core:/stable:/v1.36/deb/",
		"KUBERNETES_APT_KEY":     "https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key",
		"KUBERNETES_FINGERPRINT": "DE15B14486CD377B9E876E1A234654DA9A296436",
		"CONTAINERD_FINGERPRINT": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
		"IMDS_ENDPOINT":          "http://169.254.169.254",
		"SSM_ENDPOINT":           "https://ssm.ap-northeast-2.amazonaws.com",
		"CONTAINERD_VERSION":     "2.2.*", "KUBERNETES_PACKAGE_VERSION": "1.36.3-1.1",
	} {
		require.Equal(t, want, environment[name], name)
	}
}

func TestUserData_Deterministic(t *testing.T) {
	t.Parallel()
	for range 10 {
		require.Equal(t, render(t, workerConfig()), render(t, workerConfig()))
	}
}

func TestUserData_OverLimit(t *testing.T) {
	t.Parallel()
	config := workerConfig()
	for i := range 400 {
		key := fmt.Sprintf("%x", hash([]byte{byte(i), byte(i >> 8)})) // hex of a hash does not compress
		config.Labels[key[:60]] = key[60:120]
	}
	_, err := kubeadm.WorkerUserData(config)
	require.ErrorContains(t, err, "must be at most 16384")
}

// Comments are left out of user data: a here-document must hold none, since its lines are data.
func TestScripts_NoCommentInHereDocument(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("scripts/*.sh")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		require.NoError(t, err)
		for _, document := range regexp.MustCompile(`(?ms)<<'?([A-Z]+)'?$(.*?)^\s*[A-Z]+$`).FindAllStringSubmatch(string(text), -1) {
			require.NotRegexp(t, `(?m)(^|\s)#`, document[2], script)
		}
	}
	file, err := decode(t, render(t, workerConfig())).File(userdata.DriverPath)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(file, "#!/bin/bash\n"))
	require.NotRegexp(t, `(?m)^\s*# [^s]`, file)
	require.Contains(t, file, ": \"${STEP_TIMEOUT:=2700}\"\n", "the comment behind it is left out")
}

func TestUserData_Size(t *testing.T) {
	t.Parallel()
	for _, config := range []any{controlPlaneConfig(), workerConfig()} {
		raw, err := base64.StdEncoding.DecodeString(render(t, config))
		require.NoError(t, err)
		require.Less(t, len(raw), userdata.MaxBytes*31/32, "the scripts have grown: soon a node with many labels would not fit")
	}
}

func TestUserData_Mirrors(t *testing.T) {
	t.Parallel()
	config := workerConfig()
	config.Sources.UbuntuAPT = "http://packages.example.com/ubuntu"
	config.Sources.ImageMirrors = map[string]string{"docker.io": "https://registry.example.com/docker/", "registry.k8s.io": "http://10.1.0.1:5000"}
	document := decode(t, render(t, config))
	all := []userdata.AptMirror{{Arches: []string{"default"}, URI: "http://packages.example.com/ubuntu"}}
	require.Equal(t, &userdata.Apt{Primary: all, Security: all}, document.Apt)
	for registry, server := range map[string]string{"docker.io": "https://registry.example.com/v2/docker", "registry.k8s.io": "http://10.1.0.1:5000/v2"} {
		text, err := document.File("/etc/containerd/certs.d/" + registry + "/hosts.toml")
		require.NoError(t, err)
		require.Equal(t, "server = \""+server+"\"\ncapabilities = [\"pull\", \"resolve\"]\noverride_path = true\n", text)
	}
	require.Nil(t, decode(t, render(t, workerConfig())).Apt)

	config.Sources.UbuntuAPT = "http://user@packages.example.com"
	config.Sources.ImageMirrors = map[string]string{"docker.io/library": "registry.example.com"}
	_, err := kubeadm.WorkerUserData(config)
	for _, part := range []string{"UbuntuAPT", "docker.io/library", `"registry.example.com" must be an http`} {
		require.ErrorContains(t, err, part)
	}
}
