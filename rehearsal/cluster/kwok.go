package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/internal/testing/process"
)

// FakeNodeLabel marks the nodes whose kubelet is played by kwok: it reports them Ready, renews their lease, and
// runs their pods. Without the label a node falls silent, as if its machine had been switched off. (An annotation
// would not do: kwok 0.7 does not notice that one is taken away and goes on renewing the lease.) A kubelet may change labels of this
// prefix itself.
const (
	FakeNodeLabel = "kubelet.kubernetes.io/simulated"
	FakeNode      = "fake"
)

// kwokPort stands for kwok's own server in the table of ports; it is the port of the kubelets that it simulates.
const kwokPort = ports.Kubelet

// Ends of an image's tag: the pods of a BrokenImage never become ready, those of Jobs fail with a FailingImage.
const (
	BrokenImage  = "-broken"
	FailingImage = "-failing"
)

// podStages are those of pods: they become Running and ready, Jobs complete or fail, deleted pods go.
//
//go:embed pods.yaml
var podStages string

// kwokConfig makes nodes Ready; the boot writes the rest of their status.
//
// The built-in stages of a node are not used: with leases, kwok 0.7 plays the heartbeat that is meant for clusters without
// (cmd/root.go passes getDefaultNodeStages the inverse), which writes the status every 20 to 25 s and schedules its next
// run itself. A run that is under way while the label is removed thus never ends, and keeps a lost node Ready.
const kwokConfig = `apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: node-ready
spec:
  resourceRef:
    apiGroup: v1
    kind: Node
  selector:
    matchExpressions:
    - key: '.status.conditions.[] | select( .type == "Ready" ) | .status'
      operator: NotIn
      values: ["True"]
  next:
    statusTemplate: |
      {{ $now := Now }}
      conditions:
      {{ range NodeConditions }}
      - lastHeartbeatTime: {{ $now | Quote }}
        lastTransitionTime: {{ $now | Quote }}
        message: {{ .message | Quote }}
        reason: {{ .reason | Quote }}
        status: {{ .status | Quote }}
        type: {{ .type | Quote }}
      {{ end }}
      phase: Running
`

// startKwok starts kwok as an administrator of its own: it writes the status of every node and pod, which no
// kubelet's identity may do.
func (c *Cluster) startKwok(ctx context.Context) error {
	remote, err := c.Kubeconfig(ctx, "kwok")
	if err != nil {
		return err
	}
	local, err := Loopback(remote, c.APIPort())
	if err != nil {
		return err
	}
	kubeconfig, config := c.layout.kubeconfig("kwok.conf"), filepath.Join(c.layout.run, "kwok.yaml")
	for path, content := range map[string][]byte{kubeconfig: local, config: []byte(kwokConfig + "---\n" + podStages)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("writing kwok's configuration: %w", err)
		}
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(c.ports[kwokPort]))
	return c.start(ctx, program{
		healthy: httpProbe("http://" + address + "/healthz"),
		Command: process.Command{Name: "kwok", Path: c.config.Binaries["kwok"], Env: environment(c.layout, nil), Args: []string{
			"--kubeconfig=" + kubeconfig,
			"--config=" + config,
			"--server-address=" + address,
			"--manage-all-nodes=false",
			"--manage-nodes-with-label-selector=" + FakeNodeLabel + "=" + FakeNode,
			"--node-lease-duration-seconds=40", // kubelet's default
			"--node-port=0",                    // nobody can reach these kubelets
		}},
	})
}
