package networkpolicy

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

const policyKind = "kubernetes:networking.k8s.io/v1:NetworkPolicy"

func shop() *NetworkPoliciesArgs {
	return &NetworkPoliciesArgs{
		Namespace: pulumi.String("shop"), NamespaceName: "shop",
		Peers: []Peer{
			{Name: "web", Namespace: "shop", Labels: map[string]string{"app": "web"}},
			{Name: "idle", Namespace: "shop", Labels: map[string]string{"app": "idle"}},
			{Name: "db", Namespace: "data", Labels: map[string]string{"app": "db"}},
			{Name: "internet", CIDRs: []string{"0.0.0.0/0"}, Except: []string{"10.0.0.0/8"}},
		},
		Flows: []Flow{
			{From: []string{"web"}, To: "db", Ports: TCP(5432)},
			{From: []string{"internet"}, To: "web", Ports: []Port{{Protocol: "UDP", Number: 443}}},
		},
	}
}

func TestNetworkPolicies_BothEnds(t *testing.T) {
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewNetworkPolicies(ctx, "shop", shop())
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, typeToken)
	both := []any{"Ingress", "Egress"}
	assert.Equal(t, map[string]any{"podSelector": map[string]any{}, "policyTypes": both}, r.One(t, policyKind, "shop-default-deny").Value("spec"))
	assert.Equal(t, map[string]any{
		"podSelector": map[string]any{"matchLabels": map[string]any{"app": "web"}}, "policyTypes": both,
		"egress": []any{map[string]any{
			"ports": []any{map[string]any{"protocol": "TCP", "port": 5432.0}},
			"to": []any{map[string]any{
				"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "data"}},
				"podSelector":       map[string]any{"matchLabels": map[string]any{"app": "db"}},
			}},
		}},
		"ingress": []any{map[string]any{
			"ports": []any{map[string]any{"protocol": "UDP", "port": 443.0}},
			"from":  []any{map[string]any{"ipBlock": map[string]any{"cidr": "0.0.0.0/0", "except": []any{"10.0.0.0/8"}}}},
		}},
	}, r.One(t, policyKind, "shop-web").Value("spec"))
	assert.Len(t, r.OfType(policyKind), 2, "none for a peer without flows, or of another namespace")
}

func TestNetworkPoliciesArgs_Invalid(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*NetworkPoliciesArgs)
		want   []string
	}{
		"no namespace":    {func(a *NetworkPoliciesArgs) { a.Namespace, a.NamespaceName = nil, "" }, []string{"Namespace", "NamespaceName"}},
		"peer twice":      {func(a *NetworkPoliciesArgs) { a.Peers[1].Name = "web" }, []string{"Peers", "web"}},
		"pods and blocks": {func(a *NetworkPoliciesArgs) { a.Peers[0].CIDRs = []string{"10.0.0.0/8"} }, []string{"Peers.web"}},
		"neither":         {func(a *NetworkPoliciesArgs) { a.Peers[0].Namespace = "" }, []string{"Peers.web"}},
		"host bits":       {func(a *NetworkPoliciesArgs) { a.Peers[3].CIDRs = []string{"10.0.0.1/8"} }, []string{"Peers.internet", "10.0.0.1/8"}},
		"unknown peer":    {func(a *NetworkPoliciesArgs) { a.Flows[0].To = "nobody" }, []string{"Flows", "nobody"}},
		"no source":       {func(a *NetworkPoliciesArgs) { a.Flows[0].From = nil }, []string{"Flows.From", "db"}},
		"no port":         {func(a *NetworkPoliciesArgs) { a.Flows[0].Ports = nil }, []string{"Flows to db", "Ports"}},
		"port too large":  {func(a *NetworkPoliciesArgs) { a.Flows[0].Ports = TCP(65536) }, []string{"65536"}},
		"other protocol":  {func(a *NetworkPoliciesArgs) { a.Flows[1].Ports[0].Protocol = "ICMP" }, []string{"ICMP"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := shop()
			c.change(args)
			err := args.Validate()
			for _, part := range c.want {
				require.ErrorContains(t, err, part)
			}
		})
	}
	assert.NoError(t, shop().Validate())
}
