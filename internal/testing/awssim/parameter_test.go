package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With ignoreChanges on value, the provider still sends the value of its state with any change but tags.
func TestParameter_MachineValueOverwrittenByTheState(t *testing.T) {
	w := build(t, Options{})
	w.role("node")
	w.make(rolePolicyToken, "p", values{"role": "node", "policy": policyText("Allow", "ssm:*", "*")})
	w.machine("one", values{"iamInstanceProfile": w.make(instanceProfileToken, "p", values{"role": "node"})})
	in := values{"name": "/c/join", "type": "SecureString", "value": "pending"}
	id := w.make(parameterToken, "join", in)
	created := w.read(parameterToken, id)
	m, err := w.c.Machine("one")
	require.NoError(t, err)
	require.NoError(t, m.PutParameter("/c/join", "token"))
	got, err := m.GetParameter("/c/join")
	require.NoError(t, err)
	assert.Equal(t, "token", got)
	assert.Equal(t, 2, w.read(parameterToken, id).whole("version"))
	written, err := m.ParameterHistory("/c/join")
	require.NoError(t, err)
	assert.Equal(t, ParameterVersion{"token", 2, "arn:aws:sts::" + w.c.AccountID() + ":assumed-role/node/" + m.ID}, written)
	below, err := m.ParametersByPath("/c")
	require.NoError(t, err)
	assert.Equal(t, map[string]ParameterVersion{"/c/join": {"(encrypted)", 2, written.LastModifiedUser}}, below, "nothing is decrypted")

	update := func(state, next values) {
		t.Helper()
		admitted, found := parameterType.admit("join", next.plain(), nil, nil)
		require.Empty(t, found)
		_, _, err = w.c.change(parameterType, id, state, admitted, nil, []string{"value"})
		require.NoError(t, err)
	}
	tagged := with(in, "tags", values{"a": "b"})
	update(created, tagged)
	assert.Equal(t, "token", w.read(parameterToken, id).text("value"))
	assert.Equal(t, 2, w.read(parameterToken, id).whole("version"), "a tag makes no new version")

	refreshed := w.read(parameterToken, id)
	update(refreshed, with(tagged, "description", "for workers"))
	assert.Equal(t, "token", w.read(parameterToken, id).text("value"), "a refresh reads the value of the machine into the state")

	update(with(created, "description", "for workers"), with(tagged, "description", "for all"))
	assert.Equal(t, "pending", w.read(parameterToken, id).text("value"))
}

func TestParameter_Overwrite(t *testing.T) {
	w := newWorld(t, Options{})
	w.make(parameterToken, "a", values{"name": "/a", "type": "String", "value": "1"})
	w.make(parameterToken, "b", values{"name": "/a", "type": "String", "value": "2", "overwrite": true})
	assert.Equal(t, "2", w.read(parameterToken, "/a").text("value"))
}
