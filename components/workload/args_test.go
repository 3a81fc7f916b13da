package workload

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// validArgs are those of an API.
func validArgs() Args {
	return Args{
		Namespace: pulumi.String("apps"), Image: "ghcr.io/someone/api:1.2.3", Replicas: 2, Port: 8000,
		Requests: Resources{CPU: "100m", Memory: "128Mi"}, Limits: Resources{Memory: "256Mi"},
	}
}

func TestValidArgs(t *testing.T) {
	for name, change := range map[string]func(*Args){
		"default":               func(*Args) {},
		"digest":                func(a *Args) { a.Image = "api@sha256:0123" },
		"registry with a port":  func(a *Args) { a.Image = "localhost:5000/api:1" },
		"one singleton":         func(a *Args) { a.Singleton, a.Replicas = true, 1 },
		"last port":             func(a *Args) { a.Port = 65535 },
		"requests are limits":   func(a *Args) { a.Requests.Memory, a.Limits.CPU = "256Mi", "0.1" },
		"command without port":  func(a *Args) { a.Port, a.Liveness = 0, &Probe{Command: []string{"true"}} },
		"all probes":            func(a *Args) { p := &Probe{Path: "/"}; a.Liveness, a.Readiness, a.Startup = p, p, p },
		"the same key nowhere":  func(a *Args) { a.Env = map[string]string{"A": ""}; a.SecretEnv = secrets("B") },
		"gigabytes in one unit": func(a *Args) { a.Limits.Memory = "1Gi" },
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

// Each change makes exactly one problem.
func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*Args)
	}{
		{"Namespace is missing", func(a *Args) { a.Namespace = nil }},
		{`Image is ""; give a tag or digest, since latest moves`, func(a *Args) { a.Image = "" }},
		{`Image is "localhost:5000/api"; give a tag or digest, since latest moves`, func(a *Args) { a.Image = "localhost:5000/api" }},
		{"Replicas is 0; give at least 1", func(a *Args) { a.Replicas = 0 }},
		{"Replicas is 2 but Singleton allows exactly 1", func(a *Args) { a.Singleton = true }},
		{"Port is -1; give 1 to 65535, or 0 for none", func(a *Args) { a.Port = -1 }},
		{"Port is 65536; give 1 to 65535, or 0 for none", func(a *Args) { a.Port = 65536 }},
		{"User is -1; give a user number above 0", func(a *Args) { a.User = -1 }},
		{"KEY is in Env and in SecretEnv; keep one", func(a *Args) { a.Env, a.SecretEnv = map[string]string{"KEY": ""}, secrets("KEY") }},
		{`field Requests.CPU is ""; give a quantity such as 100m or 128Mi`, func(a *Args) { a.Requests.CPU = "" }},
		{`field Requests.Memory is "lots"; give a quantity such as 100m or 128Mi`, func(a *Args) { a.Requests.Memory = "lots" }},
		{`field Limits.Memory is ""; give a quantity such as 256Mi`, func(a *Args) { a.Limits.Memory = "" }},
		{`field Limits.CPU is "fast"; give a quantity such as 256Mi`, func(a *Args) { a.Limits.CPU = "fast" }},
		{"field Requests.CPU, 100m, is more than Limits.CPU, 99m", func(a *Args) { a.Limits.CPU = "99m" }},
		{"field Requests.Memory, 1Gi, is more than Limits.Memory, 256Mi", func(a *Args) { a.Requests.Memory = "1Gi" }},
		{"Liveness: give either Path or Command", func(a *Args) { a.Liveness = &Probe{} }},
		{"Readiness: give either Path or Command", func(a *Args) { a.Readiness = &Probe{Path: "/", Command: []string{"true"}} }},
		{"Startup: path /up needs a Port", func(a *Args) { a.Port, a.Startup = 0, &Probe{Path: "/up"} }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			args := validArgs()
			tt.change(&args)
			require.EqualError(t, args.Validate("api"), tt.want)
		})
	}
	for _, name := range []string{"", "API", "1-api", "a.b", "a-name-of-more-than-sixty-three-characters-is-no-name-of-a-service"} {
		args := validArgs()
		assert.ErrorContains(t, args.Validate(name), `name is "`+name+`": `)
	}
}

func TestProblemsAreReportedTogether(t *testing.T) {
	args := Args{Image: "api", Singleton: true, Port: -1, User: -1, Env: map[string]string{"B": "", "A": ""}, SecretEnv: secrets("A", "B"),
		Liveness: &Probe{}, Readiness: &Probe{}, Startup: &Probe{}, Requests: Resources{CPU: "2"}, Limits: Resources{CPU: "1"}}
	const want = `name is "A B": `
	err := args.Validate("A B")
	require.ErrorContains(t, err, want)
	for _, part := range []string{
		"Namespace is", "Image is", "Replicas is 0; give", "Replicas is 0 but", "Port is", "User is", "A is in Env", "B is in Env",
		"field Requests.CPU, 2,", "field Requests.Memory is", "Liveness:", "Readiness:", "Startup:",
	} {
		assert.ErrorContains(t, err, part)
	}
	for range 20 {
		require.EqualError(t, args.Validate("A B"), err.Error(), "always in the same order")
	}
}
