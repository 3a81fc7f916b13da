// Package rolllock excludes deployments while a roll is under way. The lock is an SSM parameter: its creation is atomic, and the
// program reads it with the permissions that it has anyway.
package rolllock

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/awscli"
)

// Lock is the content of the parameter.
type Lock struct {
	// ID distinguishes two locks of the same holder.
	ID string `json:"id"`
	// Holder is user@host of the roll.
	Holder string `json:"holder"`
	// Since is the time at which the lock was taken, in RFC 3339.
	Since string `json:"since"`
}

// Parse reads the content of the parameter.
func Parse(value string) (Lock, error) {
	var lock Lock
	if err := json.Unmarshal([]byte(value), &lock); err != nil {
		return Lock{}, fmt.Errorf("read the lock: %w", err)
	}
	return lock, nil
}

// String names the holder for errors.
func (l Lock) String() string { return fmt.Sprintf("%s, since %s", l.Holder, l.Since) }

// Take creates the parameter. A lock of the same holder is one that an interrupted roll left, and is taken over.
func Take(ctx context.Context, run awscli.Runner, parameter, holder string) (Lock, error) {
	lock := Lock{ID: rand.Text(), Holder: holder, Since: time.Now().UTC().Format(time.RFC3339)}
	value, err := json.Marshal(lock)
	if err != nil {
		return Lock{}, fmt.Errorf("write the lock: %w", err)
	}
	_, err = run(ctx, "ssm", "put-parameter", "--name", parameter, "--type", "String", "--value", string(value))
	if err == nil || !strings.Contains(err.Error(), "ParameterAlreadyExists") {
		return lock, err
	}
	held, err := read(ctx, run, parameter)
	if err != nil {
		return Lock{}, err
	}
	if held.Holder != holder {
		return Lock{}, fmt.Errorf("another roll holds the lock (%s): wait for it, or break the lock with growbin unlock", held)
	}
	return held, nil
}

func read(ctx context.Context, run awscli.Runner, parameter string) (Lock, error) {
	out, err := run(ctx, "ssm", "get-parameter", "--name", parameter)
	if err != nil {
		return Lock{}, err
	}
	var answer struct{ Parameter struct{ Value string } }
	if err := json.Unmarshal(out, &answer); err != nil {
		return Lock{}, fmt.Errorf("read the lock: %w", err)
	}
	return Parse(answer.Parameter.Value)
}

// Release deletes the parameter. One that is gone already was broken.
func Release(ctx context.Context, run awscli.Runner, parameter string) error {
	if _, err := run(ctx, "ssm", "delete-parameter", "--name", parameter); err != nil && !strings.Contains(err.Error(), "ParameterNotFound") {
		return err
	}
	return nil
}
