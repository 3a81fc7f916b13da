// Package awscli runs the AWS CLI, with the credentials of the environment.
package awscli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/growbin/cluster/components/validation"
)

// Program is the name of the AWS CLI's executable.
const Program = "aws"

// waitDelay is the time after a canceled command in which a helper of it may still hold its output open.
const waitDelay = time.Second

// Runner runs one command of the AWS CLI and returns its JSON output. Tests inject fakes.
type Runner func(ctx context.Context, args ...string) ([]byte, error)

// InRegion returns a Runner whose commands address one AWS region, e.g. ap-northeast-2.
func InRegion(region string) Runner {
	return func(ctx context.Context, args ...string) ([]byte, error) {
		command := exec.CommandContext(ctx, Program, append(args, "--region", region, "--output", "json")...)
		var stdout, stderr bytes.Buffer
		command.Stdout, command.Stderr, command.WaitDelay = &stdout, &stderr, waitDelay
		if err := command.Run(); err != nil {
			if errors.Is(err, exec.ErrNotFound) {
				return nil, errors.New("the AWS CLI (aws) is not installed")
			}
			return nil, fmt.Errorf("aws %s: %w: %s", strings.Join(args[:min(2, len(args))], " "), err, strings.TrimSpace(stderr.String()))
		}
		return stdout.Bytes(), nil
	}
}

// Printable returns the text of a machine, for a message.
func Printable(text string) string { return validation.Printable(strings.TrimSpace(text)) }
