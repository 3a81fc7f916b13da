package rolllock

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// store is SSM with one parameter.
type store struct{ value string }

func (s *store) run(_ context.Context, args ...string) ([]byte, error) {
	if args[0] != "ssm" || !slices.Contains(args, "/dev/lock") {
		return nil, errors.New("AccessDeniedException")
	}
	switch {
	case args[1] == "put-parameter" && s.value != "":
		return nil, errors.New("An error occurred (ParameterAlreadyExists)")
	case args[1] == "put-parameter":
		s.value = args[slices.Index(args, "--value")+1]
		return []byte("{}"), nil
	case s.value == "":
		return nil, errors.New("An error occurred (ParameterNotFound)")
	case args[1] == "delete-parameter":
		s.value = ""
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]any{"Parameter": map[string]any{"Value": s.value}})
}

func TestTake_ExcludesOthersOnly(t *testing.T) {
	ssm := &store{}
	first, err := Take(t.Context(), ssm.run, "/dev/lock", "kim@laptop")
	require.NoError(t, err)
	_, err = Take(t.Context(), ssm.run, "/dev/lock", "ci@runner")
	require.ErrorContains(t, err, "kim@laptop")
	assert.ErrorContains(t, err, "growbin unlock")
	again, err := Take(t.Context(), ssm.run, "/dev/lock", "kim@laptop")
	require.NoError(t, err)
	assert.Equal(t, first, again, "an interrupted roll is run again")

	require.NoError(t, Release(t.Context(), ssm.run, "/dev/lock"))
	require.NoError(t, Release(t.Context(), ssm.run, "/dev/lock"), "broken by a person")
	second, err := Take(t.Context(), ssm.run, "/dev/lock", "kim@laptop")
	require.NoError(t, err)
	assert.NotEqual(t, first.ID, second.ID)
}

func TestTake_OtherErrors(t *testing.T) {
	_, err := Take(t.Context(), (&store{}).run, "/prod/lock", "kim@laptop")
	assert.ErrorContains(t, err, "AccessDeniedException")
}
