package kubeadm_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm"
)

const (
	approveScript = "/usr/local/lib/kubeadm-bootstrap/approve.sh"
	redisSession  = "arn:aws:sts::123456789012:assumed-role/dev-k8s-redis/" + instanceID
)

// certificateRequest is made as a worker makes it.
func certificateRequest(t *testing.T, subject string) string {
	t.Helper()
	request, err := exec.Command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", os.DevNull, "-subj", subject).Output()
	require.NoError(t, err)
	return string(request)
}

// ask puts a request of instanceID into the join parameter of a node.
func (m *machine) ask(node, writer, request string) {
	m.t.Helper()
	m.askAs(instanceID, node, writer, request)
}

// askAs is ask for a request that names another writer of itself.
func (m *machine) askAs(claimed, node, writer, request string) {
	m.t.Helper()
	value, err := json.Marshal(kubeadm.JoinRequest{InstanceID: claimed, Request: request})
	require.NoError(m.t, err)
	parameter := kubeadm.JoinParameter("dev", node)
	m.aws.do(func() { m.aws.values[parameter], m.aws.writers[parameter] = string(value), writer })
}

func newApprover(t *testing.T) *machine {
	t.Helper()
	m := newControlPlane(t)
	m.write(stateDir+"/pki/ca.crt", "authority")
	return m
}

func TestApprove_Answers(t *testing.T) {
	t.Parallel()
	m := newApprover(t)
	request := certificateRequest(t, "/O=system:nodes/CN=system:node:k8s-redis")
	m.aws.values["/dev/join/k8s-api"] = kubeadm.PendingValue // on the page before
	m.ask("k8s-redis", redisSession, request)
	output := m.requireRunWith(approveScript, "--once")
	require.Contains(t, output, "node k8s-redis may join")

	config, err := clientcmd.Load([]byte(m.aws.values[joinParameter]))
	require.NoError(t, err)
	require.Equal(t, config.CurrentContext, "join")
	require.Equal(t, "https://10.0.1.10:6443", config.Clusters[config.Contexts["join"].Cluster].Server)
	require.Equal(t, "authority", string(config.Clusters["dev"].CertificateAuthorityData))
	user := config.AuthInfos[config.Contexts["join"].AuthInfo]
	require.Equal(t, "CERTIFICATE", string(user.ClientCertificateData))
	require.Equal(t, "/run/kubeadm-bootstrap/join.key", user.ClientKey)
	require.Contains(t, m.read("/requests"), "request: "+base64.StdEncoding.EncodeToString([]byte(request)))
	require.Contains(t, m.read("/requests"), "expirationSeconds: 3600\n")
	require.Contains(t, m.read("/var/lib/node-exporter/join.prom"), "kubeadm_join_requests_last_read_timestamp_seconds ")

	m.requireRunWith(approveScript, "--once")
	require.Equal(t, 1, strings.Count(m.read("/requests"), "request: "), "an answered request was answered again")
}

func TestApprove_Refuses(t *testing.T) {
	t.Parallel()
	good := certificateRequest(t, "/O=system:nodes/CN=system:node:k8s-redis")
	const role = "arn:aws:sts::123456789012:assumed-role/"
	for name, test := range map[string]struct{ writer, request, ready, want string }{
		"another node's instance": {role + "dev-k8s-worker/" + instanceID, good, "", "it was written by " + role + "dev-k8s-worker/"},
		"another instance":        {role + "dev-k8s-redis/i-00000000000000001", good, "", "it was written by"},
		"a person in the role":    {role + "dev-k8s-redis/mallory", good, "", "it was written by"},
		"a user":                  {"arn:aws:iam::123456789012:user/dev-k8s-redis/" + instanceID, good, "", "it was written by"},
		"a longer role":           {role + "x/dev-k8s-redis/" + instanceID, good, "", "it was written by"},
		"another name":            {redisSession, certificateRequest(t, "/O=system:nodes/CN=system:node:k8s-master"), "", "it is for another name"},
		"an administrator":        {redisSession, certificateRequest(t, "/O=system:masters/CN=system:node:k8s-redis"), "", "it is for another name"},
		"one more group":          {redisSession, certificateRequest(t, "/O=system:masters/O=system:nodes/CN=system:node:k8s-redis"), "", "it is for another name"},
		"two names":               {redisSession, certificateRequest(t, "/O=system:nodes/CN=system:node:k8s-master/CN=system:node:k8s-redis"), "", "it is for another name"},
		"no request":              {redisSession, "hello", "", "Unable to load X509 request"},
		"a Ready node":            {redisSession, good, "k8s-redis", "node k8s-redis is Ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newApprover(t)
			m.ask("k8s-redis", test.writer, test.request)
			before := m.aws.values[joinParameter]
			if test.ready != "" {
				m.write("/ready", test.ready)
			}
			output := m.requireRunWith(approveScript, "--once")
			require.Contains(t, output, "the request of k8s-redis is refused: ")
			require.Contains(t, strings.ToLower(output), strings.ToLower(test.want))
			require.Equal(t, before, m.aws.values[joinParameter])
			require.False(t, m.exists("/requests"), "a certificate was requested")
		})
	}
}

// Who may assume a node's role chooses the name of the session, and can name it in the request as well.
func TestApprove_RefusesPersonWhoNamesThemselves(t *testing.T) {
	t.Parallel()
	for _, session := range []string{"mallory", "i-mallory", instanceID + "-x"} {
		m := newApprover(t)
		m.askAs(session, "k8s-redis", "arn:aws:sts::123456789012:assumed-role/dev-k8s-redis/"+session, certificateRequest(t, "/O=system:nodes/CN=system:node:k8s-redis"))
		output := m.requireRunWith(approveScript, "--once")
		require.Contains(t, output, "the request of k8s-redis is refused: it was written by ")
		require.False(t, m.exists("/requests"), "a certificate was requested")
	}
}
