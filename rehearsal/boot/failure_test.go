package boot

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

// noPrograms are for machines that must fail before they would run anything.
func noPrograms(context.Context, string) (map[string]string, error) {
	return nil, errors.New("no program may be run")
}

func failingWorld(t *testing.T) *World {
	return New(Options{Programs: noPrograms, StateDir: t.TempDir(), JoinWait: 50 * time.Millisecond, ServiceWait: 50 * time.Millisecond, RestartDelay: time.Hour})
}

// bootOnce boots a machine that is expected to fail, until it has reported so.
func bootOnce(t *testing.T, w *World, m Machine) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	m.Services.(*services).failed = cancel
	return w.Boot(ctx, m)
}

// edit changes the text of user data.
func edit(t *testing.T, data, old, new string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(raw))
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, err = writer.Write([]byte(strings.ReplaceAll(string(text), old, new)))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func TestBoot_BrokenUserData(t *testing.T) {
	a := newAccount()
	m := workerMachine(t, a, "i-1", "worker", "10.0.1.5")
	m.UserData = edit(t, m.UserData, "maxPods: 20", "maxPods: 0")
	require.ErrorContains(t, bootOnce(t, failingWorld(t), m), "maxPods")
	status := a.status(t, "worker")
	assert.Equal(t, kubeadm.PhaseFailed, status.Phase)
	assert.Equal(t, "user-data", status.Step)
	assert.Equal(t, "i-1", status.InstanceID)
	assert.Contains(t, status.Reason, "maxPods")
}

func TestBoot_ReservedLabel(t *testing.T) {
	a := newAccount()
	m := workerMachine(t, a, "i-1", "worker", "10.0.1.5")
	m.UserData = edit(t, m.UserData, "workload=worker", "node-role.kubernetes.io/worker=")
	require.ErrorContains(t, bootOnce(t, failingWorld(t), m), "node-role.kubernetes.io/worker")
	assert.Contains(t, a.status(t, "worker").Reason, "node-role.kubernetes.io/worker")
}

func TestBoot_UnreadableUserData(t *testing.T) {
	a := newAccount()
	m := workerMachine(t, a, "i-1", "worker", "10.0.1.5")
	m.UserData = "garbage"
	require.ErrorContains(t, bootOnce(t, failingWorld(t), m), "the user data of i-1 is wrong")
	assert.Empty(t, a.parameters, "nobody can know where to report")
}

func TestBoot_StatusForbidden(t *testing.T) {
	a := newAccount()
	m := workerMachine(t, a, "i-1", "worker", "10.0.1.5")
	m.UserData = edit(t, m.UserData, "maxPods: 20", "maxPods: 0")
	m.Services.(*services).mayPut = func(string) error { return errors.New("AccessDeniedException") }
	err := bootOnce(t, failingWorld(t), m)
	assert.ErrorContains(t, err, "maxPods", "the reason must not get lost")
	assert.ErrorContains(t, err, "AccessDeniedException")
}

func TestBoot_MissingServices(t *testing.T) {
	cases := map[string]struct {
		change func(m *Machine, s *services)
		worker bool
		want   string
	}{
		"no internet": {
			change: func(_ *Machine, s *services) { s.offline = errors.New("the subnet has no route to the internet") },
			want:   "packages cannot be fetched: the subnet has no route to the internet",
		},
		"no internet for a worker": {
			change: func(_ *Machine, s *services) { s.offline = errors.New("the subnet has no route to the internet") },
			worker: true, want: "packages cannot be fetched: the subnet has no route to the internet",
		},
		"programs": {change: func(*Machine, *services) {}, want: "no program may be run"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := newAccount()
			node, m := "master", controlPlaneMachine(t, a, "i-1", "")
			if c.worker {
				node, m = "worker", workerMachine(t, a, "i-1", "worker", "10.0.1.5")
			}
			c.change(&m, m.Services.(*services))
			require.ErrorContains(t, bootOnce(t, failingWorld(t), m), c.want)
			status := a.status(t, node)
			assert.Equal(t, kubeadm.PhaseFailed, status.Phase)
			assert.Equal(t, "packages", status.Step)
			assert.Contains(t, status.Reason, c.want)
		})
	}
}

func TestBoot_MissingDataVolume(t *testing.T) {
	a := newAccount()
	m := controlPlaneMachine(t, a, "i-1", "")
	w := failingWorld(t)
	w.options.Programs = func(context.Context, string) (map[string]string, error) { return nil, nil }
	require.ErrorContains(t, bootOnce(t, w, m), "no data volume")
	assert.Equal(t, "data-disk", a.status(t, "master").Step)
}

func TestBoot_Retried(t *testing.T) {
	a := newAccount()
	m := workerMachine(t, a, "i-1", "worker", "10.0.1.5")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	attempts := 0
	w := failingWorld(t)
	w.options.RestartDelay = time.Millisecond
	w.options.Programs = func(context.Context, string) (map[string]string, error) {
		if attempts++; attempts == 3 {
			cancel()
		}
		return nil, errors.New("mirror is down")
	}
	require.ErrorContains(t, w.Boot(ctx, m), "mirror is down")
	assert.Equal(t, 3, attempts)
}

func TestNetwork_UnknownAddress(t *testing.T) {
	m := workerMachine(t, newAccount(), "i-1", "worker", "10.0.1.5")
	_, err := newNetwork().dialFrom(m)(t.Context(), "tcp", "10.0.0.10:6443")
	assert.ErrorContains(t, err, "nothing listens there")
}
