package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnlock_OnlyYesBreaksTheLock(t *testing.T) {
	for answer, want := range map[string]string{"yes\n": "ssm delete-parameter --name /growbin-dev/roll-lock", "y\n": "", "": ""} {
		ran := ""
		run := func(_ context.Context, args ...string) ([]byte, error) {
			ran = strings.Join(args, " ")
			return nil, nil
		}
		require.NoError(t, unlock(t.Context(), run, "dev", strings.NewReader(answer), &strings.Builder{}))
		assert.Equal(t, want, ran, "%q", answer)
	}
}
