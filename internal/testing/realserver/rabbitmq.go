package realserver

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// RabbitMQ is a broker of BrokerSystem, or of this machine. Its folder has rabbitmq.conf and enabled_plugins, with the files that
// they name.
type RabbitMQ struct {
	Folder string
	User   *User

	system string
	epmd   int
}

// NewRabbitMQ makes a broker's folder. A test whose broker cannot be had is skipped, or fails in CI.
func NewRabbitMQ(t testing.TB) *RabbitMQ {
	t.Helper()
	system, _ := InSystem(t, BrokerSystem, "rabbitmq-server")
	user := Unprivileged(t)
	b := &RabbitMQ{Folder: Folder(t, user), User: user, system: system, epmd: FreePort(t)}
	Write(t, b.Path("rabbitmq-env.conf"), "", 0o600, user)
	return b
}

// OfImage reports whether the broker is that of the image.
func (b *RabbitMQ) OfImage() bool { return b.system != "" }

// Path returns the path of a file in the broker's folder.
func (b *RabbitMQ) Path(name string) string { return filepath.Join(b.Folder, name) }

// Start starts the broker and waits until it listens.
func (b *RabbitMQ) Start(t testing.TB, port int) *Process {
	t.Helper()
	if Listening(b.epmd) != nil {
		// Otherwise Erlang would start a daemon that outlives the test.
		Start(t, b.Command(t, "epmd", "-port", strconv.Itoa(b.epmd), "-address", "127.0.0.1"))
	}
	process := Start(t, b.Command(t, "rabbitmq-server"))
	process.WaitFor(t, "listening", 5*time.Minute, func() error { return Listening(port) })
	return process
}

// loopback keeps the Erlang distribution on 127.0.0.1.
const loopback = `-kernel inet_dist_use_interface {127,0,0,1}`

// Command runs a binary of the broker, or a script in the broker's folder.
func (b *RabbitMQ) Command(t testing.TB, name string, args ...string) Command {
	t.Helper()
	path := name
	if !filepath.IsAbs(path) {
		_, path = InSystem(t, BrokerSystem, name)
	}
	return Command{Path: path, Args: args, Dir: b.Folder, User: b.User, System: b.system, Env: []string{
		"LANG=C.UTF-8", "HOME=" + b.Folder, "RABBITMQ_NODENAME=rabbit@localhost", "RABBITMQ_MNESIA_BASE=" + b.Path("mnesia"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=" + loopback, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(b.epmd),
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(FreePort(t)),
		// Defaults or mounts in the image.
		"RABBITMQ_CONF_ENV_FILE=" + b.Path("rabbitmq-env.conf"), "RABBITMQ_CONFIG_FILE=" + b.Path("rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + b.Path("enabled_plugins"), "RABBITMQ_LOG_BASE=" + b.Path("log"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + b.Path("generated"), "RABBITMQ_SCHEMA_DIR=" + b.Path("schema"), "RABBITMQ_PID_FILE=" + b.Path("pid"),
	}}
}
