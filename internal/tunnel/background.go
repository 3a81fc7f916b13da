package tunnel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// envBackground holds the background tunnel's options, as JSON, in the environment of its process.
const envBackground = "GROWBIN_BACKGROUND_TUNNEL"

// background are the options of a tunnel in the background.
type background struct {
	Options Options
	// Folder holds the users and the log of the tunnel.
	Folder string
}

// Check reports, before anything is created, a reason for which Connect would fail: a program that is not installed, or an
// AWS CLI without the right to look up instances. While a tunnel of another process serves, none is needed.
func Check(ctx context.Context, options Options) error {
	o := options.withDefaults()
	if o.handshake(ctx) == nil {
		return nil
	}
	if err := checkPrograms(); err != nil {
		return err
	}
	if err := o.checkPort(); err != nil {
		return err
	}
	_, err := o.instance(ctx)
	return err
}

// Connect waits until the API server answers TLS at the local port. If no tunnel serves there, it starts this executable again
// as one, which Background recognizes. That process stays until nothing listens any more at the address of any engine that has
// called Connect: a destroy or a deletion follows the end of the program. folder is the tunnel's own, and is created.
func Connect(ctx context.Context, options Options, engine, folder string) error {
	o := options.withDefaults()
	users := userFolder(folder)
	if err := os.MkdirAll(users, 0o700); err != nil {
		return fmt.Errorf("folder of the tunnel: %w", err)
	}
	if err := os.WriteFile(filepath.Join(users, strings.ReplaceAll(engine, ":", "_")), []byte(engine), 0o600); err != nil {
		return fmt.Errorf("user of the tunnel: %w", err)
	}
	if o.handshake(ctx) == nil {
		return nil
	}
	if err := checkPrograms(); err != nil {
		return err
	}
	if err := o.checkPort(); err != nil {
		return err
	}
	log := filepath.Join(folder, "log")
	ended, err := startBackground(background{Options: o, Folder: folder}, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.ReadyTimeout, fmt.Errorf("no answer within %s", o.ReadyTimeout))
	defer cancel()
	for {
		if err = o.handshake(ctx); err == nil {
			return nil
		}
		select {
		case <-ended:
			err = errors.New("it ended")
		case <-ctx.Done():
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(o.Poll):
			continue
		}
		return fmt.Errorf("tunnel to %s at %s: %w (log %s: %s)", o.Node, o.address(), err, log, lastLineOf(log))
	}
}

// startBackground starts this executable as a tunnel in a session of its own: Ctrl-C in the terminal must not end it before the
// engine has ended. The channel is closed when it has ended.
func startBackground(b background, log string) (<-chan struct{}, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("options of the tunnel: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the tunnel: %w", err)
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of the tunnel: %w", err)
	}
	defer out.Close()
	command := exec.Command(self)
	command.Env = append(os.Environ(), envBackground+"="+string(text))
	command.Stdout, command.Stderr = out, out
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the tunnel: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // its log has the reason
		close(ended)
	}()
	return ended, nil
}

// Background runs the tunnel if Connect has started this process, and reports whether it has. A program that calls Connect
// calls it first of all.
func Background() bool {
	text, ok := os.LookupEnv(envBackground)
	if !ok {
		return false
	}
	logf := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
	}
	var b background
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		logf("%s: %v", envBackground, err)
		return true
	}
	b.Options.Logf = logf
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		b.untilUnused(ctx)
		logf("nobody uses the tunnel any more")
		cancel()
	}()
	if err := Run(ctx, b.Options); err != nil {
		logf("%v", err)
	}
	return true
}

// untilUnused returns when no user's engine listens any more, in two checks in a row: one may fall between two users.
func (b background) untilUnused(ctx context.Context) {
	for unused := 0; unused < 2 && ctx.Err() == nil; pause(ctx, b.Options.Poll) {
		if unused++; b.used(ctx) {
			unused = 0
		}
	}
}

// used reports whether a user's engine listens, and forgets those that do not.
func (b background) used(ctx context.Context) bool {
	users, _ := filepath.Glob(filepath.Join(userFolder(b.Folder), "*")) // the pattern is valid
	used := false
	for _, user := range users {
		engine, err := os.ReadFile(user)
		if err != nil {
			continue
		}
		if listens(ctx, string(engine), b.Options.HandshakeTimeout) {
			used = true
			continue
		}
		_ = os.Remove(user) // tried again in the next check
	}
	return used
}

func userFolder(folder string) string { return filepath.Join(folder, "users") }

// Folder returns the folder of the background tunnel at a local port, in the person's cache.
func Folder(port int) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("folder of the tunnel: %w", err)
	}
	return filepath.Join(cache, "growbin", "tunnel-"+strconv.Itoa(port)), nil
}

func lastLineOf(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return lastLine(text)
}
