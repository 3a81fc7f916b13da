package boot

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// TestEnroll_Alive holds that silence, at work for another machine, cannot take the label from a node that registers meanwhile.
func TestEnroll_Alive(t *testing.T) {
	w := New(Options{Programs: noPrograms, StateDir: t.TempDir()})
	m := workerMachine(t, newAccount(), "i-1", "worker", "10.0.1.5")
	w.machines[m.ID] = &booted{}
	node, err := userdata.ParseNode(m.UserData)
	require.NoError(t, err)
	dialed := false
	err = (&attempt{World: w, machine: m, node: node}).enroll(t.Context(), &rest.Config{Host: "https://10.0.0.10:6443", Dial: func(context.Context, string, string) (net.Conn, error) {
		dialed = true
		assert.True(t, w.alive()["worker"])
		return nil, errors.New("refused")
	}})
	require.ErrorContains(t, err, "refused")
	assert.True(t, dialed)
}
