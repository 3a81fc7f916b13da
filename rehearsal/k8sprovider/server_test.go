package k8sprovider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	kube "github.com/growbin/cluster/rehearsal/cluster"
	"github.com/growbin/cluster/rehearsal/tools"
)

// controlPlane is a real control plane with two nodes, shared by the tests of this package. Each test has its own
// namespace.
var controlPlane = sync.OnceValues(startControlPlane)

type server struct {
	cluster    *kube.Cluster
	client     kubernetes.Interface
	kubeconfig string
	dir        string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := controlPlane(); err == nil && s != nil {
		s.cluster.Stop()
		os.RemoveAll(s.dir)
	}
	os.Exit(code)
}

const kubernetesVersion = "1.36.3"

const kubeadm = `
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.10, bindPort: 6443}
nodeRegistration: {name: node-1, criSocket: "unix:///run/containerd/containerd.sock"}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v` + kubernetesVersion + `
clusterName: provider
encryptionAlgorithm: ECDSA-P256
certificatesDir: /var/lib/data/pki
networking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.96.0.0/16}
etcd: {local: {dataDir: /var/lib/data/etcd}}
`

func startControlPlane() (*server, error) {
	ctx := context.Background()
	builder, err := tools.New("../tools", os.Stderr)
	if err != nil {
		return nil, err
	}
	programs, err := builder.BuildControlPlane(ctx, kubernetesVersion)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "k8sprovider")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir}
	s.cluster, err = kube.Start(ctx, kube.Config{
		Binaries: programs, Kubeadm: []byte(kubeadm), VolumeDir: filepath.Join(dir, "volume"), RunDir: filepath.Join(dir, "run"),
	})
	if err != nil {
		return nil, err
	}
	published, err := s.cluster.Kubeconfig(ctx, "test")
	if err != nil {
		return nil, err
	}
	local, err := kube.Loopback(published, s.cluster.APIPort())
	if err != nil {
		return nil, err
	}
	s.kubeconfig = string(local)
	if s.client, err = kubernetes.NewForConfig(s.cluster.Admin()); err != nil {
		return nil, err
	}
	for _, name := range []string{"node-1", "node-2"} {
		size := corev1.ResourceList{"cpu": apiresource.MustParse("2"), "memory": apiresource.MustParse("4Gi"), "pods": apiresource.MustParse("50")}
		_, err := s.client.CoreV1().Nodes().Create(ctx, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name, kube.FakeNodeLabel: kube.FakeNode}},
			Status:     corev1.NodeStatus{Capacity: size, Allocatable: size},
		}, metav1.CreateOptions{})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// harness speaks to one instance of the provider as the engine does.
type harness struct {
	t         *testing.T
	ctx       context.Context
	server    *server
	provider  *Provider
	instance  *instance
	namespace string
}

func newHarness(t *testing.T, settings ...string) *harness {
	t.Helper()
	t.Parallel()
	return configure(t, settings...)
}

// configure is newHarness for a test that has one already.
func configure(t *testing.T, settings ...string) *harness {
	t.Helper()
	s, err := controlPlane()
	require.NoError(t, err)
	p := New(0)
	h := &harness{t: t, ctx: t.Context(), server: s, provider: p, instance: p.instance(t.Context()).(*instance)}
	variables := map[string]string{"kubernetes:config:kubeconfig": s.kubeconfig}
	for i := 0; i < len(settings); i += 2 {
		variables["kubernetes:config:"+settings[i]] = settings[i+1]
	}
	_, err = h.instance.Configure(h.ctx, &pulumirpc.ConfigureRequest{Variables: variables, AcceptSecrets: true})
	require.NoError(t, err)
	require.NoError(t, h.instance.reachable())
	ns, err := s.client.CoreV1().Namespaces().Create(h.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	h.namespace = ns.Name
	t.Cleanup(func() {
		_ = s.client.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{})
	})
	return h
}

// object is one resource in the engine's hands: its inputs as they were checked, and its state.
type object struct {
	urn    string
	inputs resource.PropertyMap
	id     string
	state  resource.PropertyMap
}

func urn(token, name string) string {
	return "urn:pulumi:test::project::" + token + "::" + name
}

// properties reads YAML; NS stands for the test's namespace.
func (h *harness) properties(text string) resource.PropertyMap {
	h.t.Helper()
	object := map[string]any{}
	require.NoError(h.t, yaml.Unmarshal([]byte(os.Expand(text, func(string) string { return h.namespace })), &object))
	return resource.NewPropertyMapFromMap(object)
}

func (h *harness) check(urn string, olds, news resource.PropertyMap) (resource.PropertyMap, []string) {
	h.t.Helper()
	var old = resource.PropertyMap{}
	if olds != nil {
		old = olds
	}
	oldStruct, err := encode(old)
	require.NoError(h.t, err)
	newStruct, err := encode(news)
	require.NoError(h.t, err)
	response, err := h.instance.Check(h.ctx, &pulumirpc.CheckRequest{Urn: urn, Olds: oldStruct, News: newStruct})
	require.NoError(h.t, err)
	var failures []string
	for _, f := range response.GetFailures() {
		failures = append(failures, f.GetReason())
	}
	checked, err := decode(response.GetInputs())
	require.NoError(h.t, err)
	return checked, failures
}

func (h *harness) tryCreate(token, name, text string) (*object, error) {
	h.t.Helper()
	o := &object{urn: urn(token, name)}
	var failures []string
	o.inputs, failures = h.check(o.urn, nil, h.properties(text))
	if len(failures) > 0 {
		return nil, fmt.Errorf("check: %v", failures)
	}
	properties, err := encode(o.inputs)
	require.NoError(h.t, err)
	response, err := h.instance.Create(h.ctx, &pulumirpc.CreateRequest{Urn: o.urn, Properties: properties})
	if err != nil {
		return o, err
	}
	o.id = response.GetId()
	o.state, err = decode(response.GetProperties())
	require.NoError(h.t, err)
	return o, nil
}

func (h *harness) create(token, name, text string) *object {
	h.t.Helper()
	o, err := h.tryCreate(token, name, text)
	require.NoError(h.t, err)
	return o
}

// diff asks what a change of the program would do, as the engine does: check first, then diff.
func (h *harness) diff(o *object, text string) *pulumirpc.DiffResponse {
	h.t.Helper()
	news, failures := h.check(o.urn, o.inputs, h.properties(text))
	require.Empty(h.t, failures)
	newStruct, err := encode(news)
	require.NoError(h.t, err)
	oldStruct, err := encode(o.state)
	require.NoError(h.t, err)
	response, err := h.instance.Diff(h.ctx, &pulumirpc.DiffRequest{Urn: o.urn, Id: o.id, Olds: oldStruct, News: newStruct})
	require.NoError(h.t, err)
	return response
}

func (h *harness) update(o *object, text string) error {
	h.t.Helper()
	news, failures := h.check(o.urn, o.inputs, h.properties(text))
	require.Empty(h.t, failures)
	newStruct, err := encode(news)
	require.NoError(h.t, err)
	oldStruct, err := encode(o.state)
	require.NoError(h.t, err)
	response, err := h.instance.Update(h.ctx, &pulumirpc.UpdateRequest{Urn: o.urn, Id: o.id, Olds: oldStruct, News: newStruct})
	if err != nil {
		return err
	}
	o.inputs = news
	o.state, err = decode(response.GetProperties())
	require.NoError(h.t, err)
	return nil
}

func (h *harness) delete(o *object) error {
	h.t.Helper()
	state, err := encode(o.state)
	require.NoError(h.t, err)
	_, err = h.instance.Delete(h.ctx, &pulumirpc.DeleteRequest{Urn: o.urn, Id: o.id, Properties: state})
	return err
}

func (h *harness) refresh(o *object) bool {
	h.t.Helper()
	state, err := encode(o.state)
	require.NoError(h.t, err)
	inputs, err := encode(o.inputs)
	require.NoError(h.t, err)
	response, err := h.instance.Read(h.ctx, &pulumirpc.ReadRequest{Urn: o.urn, Id: o.id, Properties: state, Inputs: inputs})
	require.NoError(h.t, err)
	o.state, err = decode(response.GetProperties())
	require.NoError(h.t, err)
	o.inputs, err = decode(response.GetInputs())
	require.NoError(h.t, err)
	return response.GetId() != ""
}
