package kubeconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
)

const (
	statusParameter     = "/dev/nodes/k8s-master"
	kubeconfigParameter = "/dev/kubeconfig"
	server              = "https://203.0.113.7:6443"
	instance            = "i-new"
	predecessor         = "i-old"
)

var errThrottled = errors.New("operation error SSM: GetParameter, api error ThrottlingException: Rate exceeded")

// script answers reads of parameters: each by the next of its answers, an error or a text; the last one stays.
type script struct {
	*mocks.Mocks

	mu      sync.Mutex
	answers map[string][]any
	reads   map[string]int
	// secret marks the answers, as the real provider does.
	secret bool
}

// newScript answers with a control plane that has been ready all along, until a test changes that.
func newScript(t *testing.T) *script {
	return &script{
		Mocks: mocks.New(awssim.New(awssim.Options{})), reads: map[string]int{},
		answers: map[string][]any{
			statusParameter:     {status(t, instance, kubeadm.PhaseReady, "done", "")},
			kubeconfigParameter: {published(t, instance, fakeboot.Kubeconfig)},
		},
	}
}

// Call answers ssm.GetParameter.
func (s *script) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := args.Args["name"].StringValue()
	switch {
	case args.Token != "aws:ssm/getParameter:getParameter":
		return nil, fmt.Errorf("unexpected call of %s", args.Token)
	case !args.Args["withDecryption"].BoolValue():
		return nil, fmt.Errorf("%s is read encrypted", name)
	case len(s.answers[name]) == 0:
		return nil, fmt.Errorf("api error ParameterNotFound: parameter %s not found", name)
	}
	s.reads[name]++
	answer := s.answers[name][0]
	s.answers[name] = s.answers[name][min(1, len(s.answers[name])-1):]
	if err, refused := answer.(error); refused {
		return nil, err
	}
	value := resource.NewStringProperty(answer.(string))
	if s.secret {
		value = resource.MakeSecret(value)
	}
	return resource.PropertyMap{"name": resource.NewStringProperty(name), "value": value}, nil
}

func status(t *testing.T, instanceID, phase, step, reason string) string {
	return message(t, kubeadm.StatusMessage{InstanceID: instanceID, Phase: phase, Step: step, Reason: reason})
}

func published(t *testing.T, instanceID, kubeconfig string) string {
	return message(t, kubeadm.KubeconfigMessage{InstanceID: instanceID, Kubeconfig: kubeconfig})
}

func message(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func validArgs() KubeconfigArgs {
	return KubeconfigArgs{
		Cluster: "dev", ControlPlane: "k8s-master", InstanceID: pulumi.String(instance), Server: pulumi.String(server),
	}
}

// outcome is the result of a wait for the kubeconfig.
type outcome struct {
	err error
	// kubeconfig is empty when it did not become known.
	kubeconfig string
	secret     bool
	// took is in the fake time of the synctest bubble.
	took time.Duration
}

// enter waits for access with the default times, in a bubble of its own time.
func enter(t *testing.T, s *script, args KubeconfigArgs, options ...pulumi.RunOption) outcome {
	t.Helper()
	var o outcome
	synctest.Test(t, func(*testing.T) {
		start := time.Now()
		o.err = pulumi.RunErr(func(ctx *pulumi.Context) error {
			a, err := NewKubeconfig(ctx, "dev", &args)
			if err != nil {
				return err
			}
			a.Content.ApplyT(func(v string) string { o.kubeconfig = v; return v })
			o.secret = pulumi.IsSecret(a.Content)
			return nil
		}, append(options, pulumi.WithMocks("project", "stack", s))...)
		o.took = time.Since(start)
	})
	return o
}

// preview makes a run one that changes nothing.
func preview(info *pulumi.RunInfo) { info.DryRun = true }
