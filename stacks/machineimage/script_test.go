package main

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// fakeAWS is a fake of the AWS CLI that records each call. FAIL and HANG name the call that fails or hangs.
const fakeAWS = `#!/bin/bash
printf '%s\n' "$*" >>"$CALLS"
for word in "$@"; do
	case $word in fileb://*) cp "${word#fileb://}" "$CALLS.user-data" ;; esac
done
case "$*" in *"${FAIL:-nothing fails}"*) echo "An error occurred" >&2; exit 255 ;; esac
case "$*" in *"ec2 wait ${SLOW:-nothing is slow}"*)
	echo >>"$CALLS.slow"
	[ "$(wc -l <"$CALLS.slow")" -gt 2 ] || { echo "Waiter InstanceStopped failed: Max attempts exceeded" >&2; exit 255; } ;;
esac
case "$*" in *"${HANG:-nothing hangs}"*) touch "$CALLS.hangs"; exec sleep 30 ;; esac
case "$*" in
*"ssm get-parameter"*) echo ami-0aaaaaaaaaaaaaaaa ;;
*"ec2 run-instances"*) echo i-0bbbbbbbbbbbbbbbb ;;
*"ec2 create-image"*) echo ami-0cccccccccccccccc ;;
*"ec2 get-console-output"*) echo "kubeadm-bootstrap: step packages FAILED: no route to host" ;;
esac`

type buildRun struct {
	t        *testing.T
	calls    string
	command  *exec.Cmd
	out, err bytes.Buffer
}

func newRun(t *testing.T, env ...string) *buildRun {
	t.Helper()
	dir := t.TempDir()
	r := &buildRun{t: t, calls: filepath.Join(dir, "calls")}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "aws"), []byte(fakeAWS), 0o755))
	var recipe bytes.Buffer
	if _, err := os.Stat("scripts/build-image"); err != nil {
		t.Chdir("../..")
	}
	require.NoError(t, run([]string{"dev"}, &recipe))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "recipe"), recipe.Bytes(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "read-recipe"), []byte("#!/bin/sh\ncat "+dir+"/recipe\n"), 0o755))
	r.command = exec.Command("scripts/build-image", "dev")
	r.command.Env = append(append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "CALLS="+r.calls, "RECIPE=read-recipe"), env...)
	r.command.Stdout, r.command.Stderr = &r.out, &r.err
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return r
}

func (r *buildRun) made() string {
	text, err := os.ReadFile(r.calls)
	require.NoError(r.t, err)
	return string(text)
}

func TestBuildImage_LeavesTheImageOnly(t *testing.T) {
	r := newRun(t)
	require.NoError(t, r.command.Run(), r.err.String())
	require.Equal(t, "ami-0cccccccccccccccc\n", r.out.String(), "only the image's ID goes to standard output")
	calls := r.made()
	for _, part := range []string{
		"ec2 run-instances", "--image-id ami-0aaaaaaaaaaaaaaaa", "HttpTokens=required", "Encrypted=true", "VolumeSize=20",
		"--instance-initiated-shutdown-behavior stop", "ec2 wait instance-stopped", "ec2 create-image", "ec2 enable-image-deprecation",
		"ec2 terminate-instances --instance-ids i-0bbbbbbbbbbbbbbbb", "--region ap-northeast-2",
	} {
		require.Contains(t, calls, part)
	}
	require.NotContains(t, calls, "--iam-instance-profile")
	require.NotContains(t, calls, "--key-name")
	require.NotContains(t, calls, "deregister-image")
	require.Less(t, strings.Index(calls, "create-image"), strings.Index(calls, "terminate-instances"))

	raw, err := os.ReadFile(r.calls + ".user-data")
	require.NoError(t, err)
	document, err := userdata.Decode(base64.StdEncoding.EncodeToString(raw))
	require.NoError(t, err)
	text, err := document.File(userdata.EnvironmentPath)
	require.NoError(t, err)
	require.Contains(t, text, "NODE_ROLE='image'")
}

func TestBuildImage_EveryPadding(t *testing.T) {
	for _, content := range []string{"abc", "ab", "a"} { // 0, 1 and 2 signs of padding
		t.Run(content, func(t *testing.T) {
			r := newRun(t)
			recipe := filepath.Join(filepath.Dir(r.calls), "recipe")
			text, err := os.ReadFile(recipe)
			require.NoError(t, err)
			head, _, _ := strings.Cut(string(text), "USER_DATA=")
			require.NoError(t, os.WriteFile(recipe, []byte(head+"USER_DATA="+base64.StdEncoding.EncodeToString([]byte(content))+"\n"), 0o600))
			require.NoError(t, r.command.Run(), r.err.String())
			raw, err := os.ReadFile(r.calls + ".user-data")
			require.NoError(t, err)
			require.Equal(t, content, string(raw))
		})
	}
}

// The AWS CLI waits for ten minutes at most.
func TestBuildImage_LongWait(t *testing.T) {
	for _, state := range []string{"instance-stopped", "image-available"} {
		t.Run(state, func(t *testing.T) {
			r := newRun(t, "SLOW="+state)
			require.NoError(t, r.command.Run(), r.err.String())
			require.Equal(t, 3, strings.Count(r.made(), "ec2 wait "+state))

			r = newRun(t, "SLOW="+state, "WAIT_ROUNDS=2")
			require.Error(t, r.command.Run())
			require.Contains(t, r.err.String(), "Max attempts exceeded")
			require.Contains(t, r.made(), "terminate-instances")
		})
	}
}

func TestBuildImage_FailureTerminatesTheInstance(t *testing.T) {
	for _, call := range []string{"instance-running", "instance-stopped", "create-image", "image-available"} {
		t.Run(call, func(t *testing.T) {
			r := newRun(t, "FAIL="+call)
			require.Error(t, r.command.Run())
			require.Empty(t, r.out.String())
			require.Contains(t, r.made(), "ec2 terminate-instances --instance-ids i-0bbbbbbbbbbbbbbbb")
			require.Equal(t, call == "image-available", strings.Contains(r.made(), "ec2 deregister-image --image-id ami-0cccccccccccccccc"))
			if call == "instance-stopped" {
				require.Contains(t, r.err.String(), "step packages FAILED: no route to host")
			}
		})
	}
}

func TestBuildImage_FailureBeforeTheInstance(t *testing.T) {
	for _, call := range []string{"get-parameter", "run-instances"} {
		t.Run(call, func(t *testing.T) {
			r := newRun(t, "FAIL="+call)
			require.Error(t, r.command.Run())
			require.NotContains(t, r.made(), "terminate-instances")
		})
	}
}

func TestBuildImage_SignalTerminatesTheInstance(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "TERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, "HANG=wait instance-stopped")
			require.NoError(t, r.command.Start())
			require.Eventually(t, func() bool {
				_, err := os.Stat(r.calls + ".hangs")
				return err == nil
			}, 20*time.Second, 10*time.Millisecond)
			to := r.command.Process.Pid
			if signal == syscall.SIGINT {
				to = -to // as a terminal does: the whole group
			}
			start := time.Now()
			require.NoError(t, syscall.Kill(to, signal))
			require.Error(t, r.command.Wait())
			require.Less(t, time.Since(start), 20*time.Second, "it waited for what it was waiting for")
			require.Contains(t, r.made(), "ec2 terminate-instances --instance-ids i-0bbbbbbbbbbbbbbbb")
			require.NotContains(t, r.made(), "create-image")
		})
	}
}

func TestBuildImage_UnknownStack(t *testing.T) {
	if _, err := os.Stat("scripts/build-image"); err != nil {
		t.Chdir("../..")
	}
	require.ErrorContains(t, run([]string{"staging"}, &bytes.Buffer{}), "staging")
	require.Error(t, run(nil, &bytes.Buffer{}))
}
