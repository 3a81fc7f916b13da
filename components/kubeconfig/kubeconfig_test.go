package kubeconfig

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/fakeboot"
)

func TestKubeconfig_ServerReplaced(t *testing.T) {
	for _, secret := range []bool{false, true} {
		s := newScript(t)
		s.secret = secret
		o := enter(t, s, validArgs())
		require.NoError(t, o.err)
		assert.True(t, o.secret, "it holds an administrator's key")
		assert.Zero(t, o.took, "what is there needs no wait")

		var got, want map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(o.kubeconfig), &got))
		require.NoError(t, yaml.Unmarshal([]byte(fakeboot.Kubeconfig), &want))
		cluster := want["clusters"].([]any)[0].(map[string]any)["cluster"].(map[string]any)
		cluster["server"], cluster["tls-server-name"] = server, "k8s-master"
		assert.Equal(t, want, got, "and nothing else is changed")
	}
}

// The parameters as the program makes them, read through the simulated AWS.
func TestKubeconfig_SimulatedParameters(t *testing.T) {
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	config := ""
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		var ids pulumi.StringArray
		for name, p := range map[string]*ssm.ParameterArgs{
			statusParameter:     {Type: pulumi.String("String"), Value: pulumi.String(status(t, instance, kubeadm.PhaseReady, "done", ""))},
			kubeconfigParameter: {Type: pulumi.String("SecureString"), Value: pulumi.String(published(t, instance, fakeboot.Kubeconfig))},
		} {
			p.Name = pulumi.String(name)
			made, err := ssm.NewParameter(ctx, name, p)
			if err != nil {
				return err
			}
			ids = append(ids, made.ID())
		}
		args := validArgs()
		args.Timeout, args.PollInterval = 2*time.Second, time.Millisecond
		args.InstanceID = ids.ToStringArrayOutput().ApplyT(func([]string) string { return instance }).(pulumi.StringOutput)
		a, err := NewKubeconfig(ctx, "dev", &args)
		if err == nil {
			a.Content.ApplyT(func(v string) string { config = v; return v })
		}
		return err
	}, pulumi.WithMocks("project", "stack", mocks.New(cloud))))
	assert.Contains(t, config, server)
}

func TestKubeconfig_StaleInstanceIgnored(t *testing.T) {
	s := newScript(t)
	s.answers[statusParameter] = []any{
		kubeadm.PendingValue,
		status(t, predecessor, kubeadm.PhaseReady, "done", ""),
		status(t, predecessor, kubeadm.PhaseFailed, "join", "of no interest any more"),
		status(t, instance, kubeadm.PhaseBooting, "packages", ""),
		status(t, instance, kubeadm.PhaseReady, "done", ""),
	}
	s.answers[kubeconfigParameter] = []any{
		kubeadm.PendingValue,
		published(t, predecessor, "clusters: [{cluster: {server: old}}]"),
		published(t, instance, fakeboot.Kubeconfig),
	}
	o := enter(t, s, validArgs())
	require.NoError(t, o.err)
	assert.Contains(t, o.kubeconfig, "certificate-authority-data", "not the predecessor's")
	assert.Equal(t, map[string]int{statusParameter: 5, kubeconfigParameter: 3}, s.reads)
	assert.Equal(t, 6*DefaultPollInterval, o.took)
}

// Another identity reads its own parameter alone.
func TestKubeconfig_OfAnotherIdentity(t *testing.T) {
	s, parameter := newScript(t), kubeadm.AccessParameter("dev", kubeadm.Previewer)
	s.answers[parameter] = []any{published(t, instance, fakeboot.Kubeconfig)}
	delete(s.answers, kubeconfigParameter)
	args := validArgs()
	args.Cluster, args.Identity = "dev", kubeadm.Previewer
	o := enter(t, s, args)
	require.NoError(t, o.err)
	assert.Contains(t, o.kubeconfig, "certificate-authority-data")
	assert.Equal(t, 1, s.reads[parameter])
	assert.Zero(t, s.reads[kubeconfigParameter])
}

// A failed read, e.g. a throttled one, is no failure of the instance.
func TestKubeconfig_ReadErrorsRetried(t *testing.T) {
	s := newScript(t)
	s.answers[statusParameter] = append([]any{errThrottled, errThrottled}, s.answers[statusParameter]...)
	s.answers[kubeconfigParameter] = append([]any{errThrottled}, s.answers[kubeconfigParameter]...)
	o := enter(t, s, validArgs())
	require.NoError(t, o.err)
	assert.NotEmpty(t, o.kubeconfig)
	assert.Equal(t, map[string]int{statusParameter: 3, kubeconfigParameter: 2}, s.reads)
}

func TestKubeconfig_LastingFailure(t *testing.T) {
	s := newScript(t)
	s.answers[statusParameter] = []any{
		status(t, instance, kubeadm.PhaseBooting, "packages", ""),
		status(t, instance, kubeadm.PhaseFailed, "packages", "the mirror is down"),
	}
	o := enter(t, s, validArgs())
	require.ErrorContains(t, o.err, "node k8s-master (i-new): bootstrap failed at step packages: the mirror is down")
	assert.Equal(t, DefaultPollInterval+DefaultFailedGrace, o.took, "not after the whole timeout")
	assert.Empty(t, o.kubeconfig)
	assert.Zero(t, s.reads[kubeconfigParameter])
}

// The instance retries; each attempt has the whole grace period.
func TestKubeconfig_TransientFailure(t *testing.T) {
	s := newScript(t)
	s.answers[statusParameter] = nil
	add := func(phase string, duration time.Duration) {
		for range duration / DefaultPollInterval {
			s.answers[statusParameter] = append(s.answers[statusParameter], status(t, instance, phase, "packages", "the mirror is down"))
		}
	}
	add(kubeadm.PhaseFailed, DefaultFailedGrace)
	add(kubeadm.PhaseBooting, DefaultPollInterval)
	add(kubeadm.PhaseFailed, DefaultFailedGrace)
	add(kubeadm.PhaseReady, DefaultPollInterval)
	o := enter(t, s, validArgs())
	require.NoError(t, o.err)
	assert.Equal(t, 2*DefaultFailedGrace+DefaultPollInterval, o.took)
}

func TestKubeconfig_Timeout(t *testing.T) {
	for _, tt := range []struct {
		name, parameter string
		answer          any
		want            string
	}{
		{"silent", statusParameter, kubeadm.PendingValue, "node k8s-master (i-new): timed out after 20m0s: no report yet (SSM parameter /dev/nodes/k8s-master;"},
		{
			"stuck", statusParameter, `{"instanceId":"i-new","phase":"Booting","step":"packages"}`,
			"timed out after 20m0s: Booting, step packages (SSM parameter /dev/nodes/k8s-master; see the console log of the instance)",
		},
		{
			"busy", statusParameter, `{"instanceId":"i-new","phase":"Booting","step":"restore","reason":"restoring the latest backup"}`,
			"timed out after 20m0s: Booting, step restore (restoring the latest backup) (SSM parameter",
		},
		{"unreadable", statusParameter, errThrottled, "ThrottlingException: Rate exceeded (SSM parameter /dev/nodes/k8s-master;"},
		{"unpublished", kubeconfigParameter, kubeadm.PendingValue, "kubeconfig of cluster dev: timed out after 20m0s: not published yet (SSM parameter /dev/kubeconfig;"},
		{"stale", kubeconfigParameter, `{"instanceId":"i-old","kubeconfig":"key"}`, "not published yet (SSM parameter /dev/kubeconfig;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t)
			s.answers[tt.parameter] = []any{tt.answer}
			o := enter(t, s, validArgs())
			require.ErrorContains(t, o.err, tt.want)
			assert.Equal(t, DefaultTimeout, o.took)
			assert.Empty(t, o.kubeconfig)
		})
	}
}

func TestKubeconfig_CustomTimes(t *testing.T) {
	args := validArgs()
	args.Timeout, args.PollInterval, args.FailedGrace = time.Minute, time.Second, 10*time.Second
	s := newScript(t)
	s.answers[statusParameter] = []any{kubeadm.PendingValue}
	o := enter(t, s, args)
	require.ErrorContains(t, o.err, "timed out after 1m0s")
	assert.Equal(t, 61, s.reads[statusParameter])

	s.answers[statusParameter] = []any{status(t, instance, kubeadm.PhaseFailed, "join", "refused")}
	o = enter(t, s, args)
	require.ErrorContains(t, o.err, "refused")
	assert.Equal(t, 10*time.Second, o.took)
}

func TestKubeconfig_PreviewReadsOnce(t *testing.T) {
	for name, change := range map[string]func(*script){
		"not there": func(s *script) { s.answers = nil },
		"throttled": func(s *script) { s.answers[statusParameter] = []any{errThrottled} },
		"booting":   func(s *script) { s.answers[statusParameter] = []any{kubeadm.PendingValue} },
		"failed": func(s *script) {
			s.answers[statusParameter] = []any{status(t, instance, kubeadm.PhaseFailed, "join", "refused")}
		},
		"no way yet": func(s *script) { s.answers[kubeconfigParameter] = []any{kubeadm.PendingValue} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			change(s)
			o := enter(t, s, validArgs(), preview)
			require.NoError(t, o.err)
			assert.Empty(t, o.kubeconfig, "nobody works with what is unknown")
			assert.True(t, o.secret)
			assert.Zero(t, o.took)
			assert.LessOrEqual(t, s.reads[statusParameter], 1)
			assert.LessOrEqual(t, s.reads[kubeconfigParameter], 1)
		})
	}
	// Without the right to read it, a preview would show that everything changes.
	s := newScript(t)
	s.answers[kubeconfigParameter] = []any{errors.New("operation error SSM: GetParameter, api error AccessDeniedException: User: previewer is not authorized")}
	o := enter(t, s, validArgs(), preview)
	require.ErrorContains(t, o.err, "read SSM parameter "+kubeconfigParameter+": operation error SSM: GetParameter, api error AccessDeniedException")
	o = enter(t, newScript(t), validArgs(), preview)
	require.NoError(t, o.err)
	assert.Contains(t, o.kubeconfig, server, "a preview of a cluster that runs can show what would change in it")
}

func TestKubeconfig_Cancelled(t *testing.T) {
	s := newScript(t)
	s.answers[statusParameter] = []any{kubeadm.PendingValue}
	args := validArgs()
	args.Timeout, args.PollInterval = 2*time.Second, time.Second
	background, cancel := context.WithCancel(t.Context())
	info := pulumi.RunInfo{}
	pulumi.WithMocks("project", "stack", s)(&info)
	ctx, err := pulumi.NewContext(background, info)
	require.NoError(t, err)
	time.AfterFunc(20*time.Millisecond, cancel)
	err = pulumi.RunWithContext(ctx, func(ctx *pulumi.Context) error {
		_, err := NewKubeconfig(ctx, "dev", &args)
		return err
	})
	require.ErrorContains(t, err, "context canceled")
	assert.Equal(t, 1, s.reads[statusParameter])
}

func TestKubeconfig_Joined(t *testing.T) {
	s := newScript(t)
	s.answers["/dev/nodes/k8s-redis"] = []any{
		kubeadm.PendingValue, status(t, predecessor, kubeadm.PhaseReady, "done", ""), status(t, "i-redis", kubeadm.PhaseReady, "done", ""),
	}
	args := validArgs()
	args.Timeout, args.PollInterval = 2*time.Second, time.Millisecond
	joined := ""
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		a, err := NewKubeconfig(ctx, "dev", &args)
		if err == nil {
			ctx.Export("joined", a.Joined("k8s-redis", pulumi.String("i-redis")).ApplyT(func(v string) string { joined = v; return v }))
		}
		return err
	}, pulumi.WithMocks("project", "stack", s)))
	assert.Equal(t, "i-redis", joined)
	assert.Equal(t, 3, s.reads["/dev/nodes/k8s-redis"])
}

func TestKubeconfig_MalformedContentNotShown(t *testing.T) {
	for config, want := range map[string]string{
		"\tprivate-key":    "the published kubeconfig is not YAML",
		"key: private-key": "the published kubeconfig has 0 clusters, not one",
		"":                 "the published kubeconfig has 0 clusters, not one",
		"clusters: [{name: private-key}, {name: b}]": "the published kubeconfig has 2 clusters, not one",
		"clusters: [{name: private-key}]":            "the published kubeconfig's cluster is empty",
	} {
		s := newScript(t)
		s.answers[kubeconfigParameter] = []any{published(t, instance, config)}
		o := enter(t, s, validArgs())
		require.ErrorContains(t, o.err, want)
		assert.NotContains(t, o.err.Error(), "private-key")
	}
}

func TestNewKubeconfig_FieldNotSet(t *testing.T) {
	for missing, change := range map[string]func(*KubeconfigArgs){
		"Cluster":      func(a *KubeconfigArgs) { a.Cluster = "" },
		"ControlPlane": func(a *KubeconfigArgs) { a.ControlPlane = "" },
		"InstanceID":   func(a *KubeconfigArgs) { a.InstanceID = nil },
		"Server":       func(a *KubeconfigArgs) { a.Server = nil },
	} {
		t.Run(missing, func(t *testing.T) {
			args := validArgs()
			change(&args)
			s := newScript(t)
			o := enter(t, s, args)
			require.ErrorContains(t, o.err, "kubeconfig dev: "+missing+": not set, must be")
			assert.Empty(t, s.All(), "nothing is registered")
		})
	}
}

func TestNewKubeconfig_Registration(t *testing.T) {
	s := newScript(t)
	require.NoError(t, enter(t, s, validArgs()).err)
	require.Len(t, s.All(), 1)
	assert.Equal(t, typeToken, s.All()[0].Type)
	assert.Equal(t, "dev", s.All()[0].Name)
}

func TestParameter_Error(t *testing.T) {
	s := newScript(t)
	s.answers[statusParameter] = []any{errThrottled}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := Parameter(ctx, statusParameter)
		assert.ErrorContains(t, err, "Rate exceeded")
		value, err := Parameter(ctx, kubeconfigParameter)
		assert.NotEmpty(t, value)
		return err
	}, pulumi.WithMocks("project", "stack", s)))
}
