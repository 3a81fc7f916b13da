package rabbitmq

import (
	_ "embed"
	"fmt"
	"path"
	"strconv"
	"strings"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

const (
	port           = 5672
	metricsPort    = 15692
	managementPort = 15672
	// imageUID is the user, and group, rabbitmq of the Ubuntu images (docker-library/rabbitmq, Dockerfile).
	imageUID = 999

	// configDir is the image's configuration directory; the mount hides its own files.
	configDir       = "/etc/rabbitmq"
	definitionsDir  = "/etc/rabbitmq-definitions"
	definitionsFile = "definitions.json"
	homeDir         = "/var/lib/rabbitmq"
	usersFile       = "users"
	// startSeconds is the maximum duration in seconds of a start, which recovers full queues.
	startSeconds = 600
	// dataDir holds the node's database and its queues.
	dataDir = homeDir + "/mnesia"
	// dataSubPath is the directory on the data volume.
	dataSubPath = "rabbitmq"

	// nodeName does not depend on the pod, so the name of the data directory does not either. Erlang's ports listen on
	// loopback only, since a single node needs no cluster traffic.
	nodeName = "rabbit@localhost"
	loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
)

// removeUsersScript runs after each start. Its header documents its variables.
//
//go:embed scripts/remove-users.sh
var removeUsersScript string

const removeUsersFile = "remove-users.sh"

// userTable returns the names of all users, one a line.
func (a BrokerArgs) userTable() string {
	var out strings.Builder
	for _, u := range a.Users {
		out.WriteString(u.Name + "\n")
	}
	return out.String()
}

func (a BrokerArgs) container() core.ContainerArgs {
	variable := func(name, value string) core.EnvVarArgs {
		return core.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
	}
	listening := func(periodSeconds, failures int) *core.ProbeArgs {
		// The port opens after the import of the definitions.
		return &core.ProbeArgs{
			TcpSocket:     &core.TCPSocketActionArgs{Port: pulumi.String("amqp")},
			PeriodSeconds: pulumi.Int(periodSeconds), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(failures),
		}
	}
	return core.ContainerArgs{
		Name:  pulumi.String("rabbitmq"),
		Image: pulumi.String(a.Image),
		// Replaces the image's entrypoint, which changes from root to rabbitmq.
		Command: pulumi.ToStringArray([]string{"rabbitmq-server"}),
		Env: core.EnvVarArray{
			variable("HOME", homeDir), // for the Erlang cookie, which is new for every pod
			variable("RABBITMQ_NODENAME", nodeName),
			variable("RABBITMQ_MNESIA_BASE", dataDir),
			variable("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", loopback),
			variable("ERL_EPMD_ADDRESS", "127.0.0.1"),
			variable("USERS_FILE", path.Join(configDir, usersFile)),
			variable("AMQP_PORT", strconv.Itoa(port)),
			variable("WAIT_SECONDS", strconv.Itoa(startSeconds)),
		},
		Ports: pod.ContainerPorts(
			pod.Port{Name: "amqp", Number: port},
			pod.Port{Name: "metrics", Number: metricsPort},
			pod.Port{Name: "management", Number: managementPort},
		),
		Resources:       a.Resources.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		// The container is ready only after this hook has succeeded. Its output goes to the container's log.
		Lifecycle: &core.LifecycleArgs{PostStart: &core.LifecycleHandlerArgs{Exec: &core.ExecActionArgs{
			Command: pulumi.ToStringArray([]string{"bash", "-c", fmt.Sprintf("exec %s >/proc/1/fd/2 2>&1", path.Join(configDir, removeUsersFile))}),
		}}},
		StartupProbe:   listening(5, startSeconds/5),
		ReadinessProbe: listening(10, 3),
		// The command starts an Erlang VM, so it runs rarely and with a long timeout.
		LivenessProbe: pod.Exec(60, 30, 3, "rabbitmq-diagnostics", "-q", "ping"),
		VolumeMounts: core.VolumeMountArray{
			pod.Mount("config", configDir),
			pod.Mount("definitions", definitionsDir),
			pod.Writable("home", homeDir, ""),
			pod.Writable(localvolume.PodVolumeName, dataDir, dataSubPath),
			pod.Writable("tmp", "/tmp", ""),
		},
	}
}
