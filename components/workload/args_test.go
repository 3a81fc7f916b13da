package workload

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// validArgs are those of an API.
func validArgs() WorkloadArgs {
	return WorkloadArgs{
		Namespace: pulumi.String("apps"), Image: "ghcr.io/someone/api:1.2.3", Replicas: 2, Port: 8000,
		Requests: Resources{CPU: "100m", Memory: "128Mi"}, Limits: Resources{Memory: "256Mi"},
	}
}

func TestValidate_Valid(t *testing.T) {
	for name, change := range map[string]func(*WorkloadArgs){
		"default":               func(*WorkloadArgs) {},
		"digest":                func(a *WorkloadArgs) { a.Image = "api@sha256:0123" },
		"registry with a port":  func(a *WorkloadArgs) { a.Image = "localhost:5000/api:1" },
		"one singleton":         func(a *WorkloadArgs) { a.Singleton, a.Replicas = true, 1 },
		"last port":             func(a *WorkloadArgs) { a.Port = 65535 },
		"requests are limits":   func(a *WorkloadArgs) { a.Requests.Memory, a.Limits.CPU = "256Mi", "0.1" },
		"command without port":  func(a *WorkloadArgs) { a.Port, a.Liveness = 0, &Probe{Command: []string{"true"}} },
		"all probes":            func(a *WorkloadArgs) { p := &Probe{Path: "/"}; a.Liveness, a.Readiness, a.Startup = p, p, p },
		"the same key nowhere":  func(a *WorkloadArgs) { a.Env = map[string]string{"A": ""}; a.SecretEnv = secrets("B") },
		"gigabytes in one unit": func(a *WorkloadArgs) { a.Limits.Memory = "1Gi" },
	} {
		args := validArgs()
		change(&args)
		assert.NoError(t, args.Validate("api"), name)
	}
}

func secrets(keys ...string) map[string]pulumi.StringInput {
	env := map[string]pulumi.StringInput{}
	for _, key := range keys {
		env[key] = pulumi.String("open-sesame-" + key)
	}
	return env
}

// Each change causes exactly one problem.
func TestValidate_OneProblem(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*WorkloadArgs)
	}{
		{"Namespace: not set, must be the namespace of all objects", func(a *WorkloadArgs) { a.Namespace = nil }},
		{`Image: "" must have a tag or a digest, e.g. redis:7.2.16: latest moves`, func(a *WorkloadArgs) { a.Image = "" }},
		{`Image: "localhost:5000/api" must have a tag or a digest, e.g. redis:7.2.16: latest moves`, func(a *WorkloadArgs) { a.Image = "localhost:5000/api" }},
		{"Replicas: 0 must be at least 1", func(a *WorkloadArgs) { a.Replicas = 0 }},
		{"Replicas: 2 must be 1 for a Singleton", func(a *WorkloadArgs) { a.Singleton = true }},
		{"Autoscale.Max: 1 must be at least Min, 2", func(a *WorkloadArgs) { a.Autoscale = &Autoscale{2, 1, 80} }},
		{"Autoscale.Min: 3 must leave room for Replicas, 2, with Max 4", func(a *WorkloadArgs) { a.Autoscale = &Autoscale{3, 4, 80} }},
		{"Autoscale.CPUPercent: 0 must be at least 1", func(a *WorkloadArgs) { a.Autoscale = &Autoscale{1, 2, 0} }},
		{"Port: -1 must be 1 to 65535, or 0 for none", func(a *WorkloadArgs) { a.Port = -1 }},
		{"Port: 65536 must be 1 to 65535, or 0 for none", func(a *WorkloadArgs) { a.Port = 65536 }},
		{"User: -1 must be above 0", func(a *WorkloadArgs) { a.User = -1 }},
		{`Env: "KEY" must not be in SecretEnv too`, func(a *WorkloadArgs) { a.Env, a.SecretEnv = map[string]string{"KEY": ""}, secrets("KEY") }},
		{`Requests.CPU: "" must be a quantity, e.g. 100m or 128Mi`, func(a *WorkloadArgs) { a.Requests.CPU = "" }},
		{`Requests.Memory: "lots" must be a quantity, e.g. 100m or 128Mi`, func(a *WorkloadArgs) { a.Requests.Memory = "lots" }},
		{`Limits.Memory: "" must be a quantity, e.g. 256Mi`, func(a *WorkloadArgs) { a.Limits.Memory = "" }},
		{`Limits.CPU: "fast" must be a quantity, e.g. 256Mi`, func(a *WorkloadArgs) { a.Limits.CPU = "fast" }},
		{`Requests.CPU: "100m" must be at most Limits.CPU, 99m`, func(a *WorkloadArgs) { a.Limits.CPU = "99m" }},
		{`Requests.Memory: "1Gi" must be at most Limits.Memory, 256Mi`, func(a *WorkloadArgs) { a.Requests.Memory = "1Gi" }},
		{"Liveness.Path: not set, must be set if Command is not", func(a *WorkloadArgs) { a.Liveness = &Probe{} }},
		{`Readiness.Path: "/" must not be set with Command`, func(a *WorkloadArgs) { a.Readiness = &Probe{Path: "/", Command: []string{"true"}} }},
		{`Startup.Path: "/up" must not be set without a Port`, func(a *WorkloadArgs) { a.Port, a.Startup = 0, &Probe{Path: "/up"} }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			args := validArgs()
			tt.change(&args)
			require.EqualError(t, args.Validate("api"), tt.want, "exactly one problem")
		})
	}
	for _, name := range []string{"", "API", "1-api", "a.b", "a-name-of-more-than-sixty-three-characters-is-no-name-of-a-service"} {
		args := validArgs()
		assert.ErrorContains(t, args.Validate(name), `name: "`+name+`" must be`)
	}
}

func TestValidate_AllProblemsAtOnce(t *testing.T) {
	args := WorkloadArgs{Image: "api", Singleton: true, Port: -1, User: -1, Env: map[string]string{"B": "", "A": ""}, SecretEnv: secrets("A", "B"),
		Liveness: &Probe{}, Readiness: &Probe{}, Startup: &Probe{}, Requests: Resources{CPU: "2"}, Limits: Resources{CPU: "1"}}
	const want = `name: "A B" must be`
	err := args.Validate("A B")
	require.ErrorContains(t, err, want)
	for _, part := range []string{
		"Namespace:", "Image:", "Replicas: 0", "Port: -1", "User: -1", `Env: "A"`, `Env: "B"`,
		`Requests.CPU: "2"`, "Requests.Memory:", "Liveness.Path:", "Readiness.Path:", "Startup.Path:",
	} {
		assert.ErrorContains(t, err, part)
	}
	for range 20 {
		require.EqualError(t, args.Validate("A B"), err.Error(), "always in the same order")
	}
}
