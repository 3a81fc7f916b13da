package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/dumps"
)

// kubectl gets the kubeconfig in a file that is gone afterwards, and the time in UTC, by which dumps are named.
func TestRestoreDatabase_RunsTheScriptInTheServer(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "kubectl"), []byte("#!/bin/sh\ncat \"$2\" >&2; shift 2; "+
		"case \"$*\" in *find*) echo /backups/auth/auth-2026-11-24T180000Z.dump ;; *) printf '%s\\n' \"$*\" ;; esac\n"), 0o700))
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	at := time.Date(2026, 11, 25, 3, 30, 0, 0, time.FixedZone("KST", 9*3600))
	noBucket := func(context.Context, ...string) ([]byte, error) { return nil, nil }
	require.NoError(t, restoreBy(t.Context(), []byte("the-kubeconfig"), dumps.Options{Database: "auth", At: at, AWS: noBucket, Out: &out}))
	assert.Equal(t, "-n data exec -i postgresql-0 -c postgresql -- env BACKUP_DIR=/backups /etc/postgresql-config/restore.sh --beside auth 2026-11-24T18:00:00Z\n", out.String())
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestRestoreDatabase_Invalid(t *testing.T) {
	for want, args := range map[string][]string{
		"--stack: not set":                 {"restore-database", "auth"},
		`--at: "yesterday" must be a time`: {"restore-database", "auth", "-s", "prod", "--at", "yesterday"},
		"accepts 1 arg(s), received 0":     {"restore-database", "-s", "prod"},
	} {
		root := newRoot()
		root.SetArgs(args)
		assert.ErrorContains(t, root.ExecuteContext(t.Context()), want)
	}
}
