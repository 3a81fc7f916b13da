package k8splugin

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/growbin/cluster/internal/testing/process"
)

const (
	// startTimeout bounds how long the program may take to print its port.
	startTimeout = time.Minute
	// stopTimeout is how long it may take to end after SIGTERM.
	stopTimeout = 5 * time.Second
	// maxMessage is the largest gRPC message, in bytes: 400 MiB, the limit that Pulumi's own plugins set.
	maxMessage = 400 << 20
)

// start runs the program until ctx ends and returns a client for it. Without an engine's address as its argument, the
// program waits for Attach.
func start(ctx context.Context, o Options) (pulumirpc.ResourceProviderClient, error) {
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", o.Program, err)
	}
	command := process.Command{Path: o.Program, Env: o.Environment}.Exec(ctx)
	command.Stderr = log
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopTimeout
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Program, err)
	}
	ports, failed := make(chan string, 1), make(chan error, 1)
	go func() {
		// The kernel's parent-death signal is tied to the thread that forked: keep it as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer log.Close()
		if err := command.Start(); err != nil {
			failed <- err
			return
		}
		lines := bufio.NewScanner(stdout)
		if lines.Scan() {
			ports <- lines.Text()
		}
		for lines.Scan() { // nothing more is expected; a full pipe would stop the program
		}
		err := command.Wait()
		failed <- fmt.Errorf("it ended without a port: %v, %v", command.ProcessState, err)
	}()
	select {
	case line := <-ports:
		return dial(ctx, o.Program, line)
	case err := <-failed:
		return nil, fmt.Errorf("start %s (log: %s): %w", o.Program, o.Log, err)
	case <-time.After(startTimeout):
		return nil, fmt.Errorf("%s has not printed its port after %s (log: %s)", o.Program, startTimeout, o.Log)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func dial(ctx context.Context, program, line string) (pulumirpc.ResourceProviderClient, error) {
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return nil, fmt.Errorf("%s printed %q: must be a port", program, line)
	}
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", program, err)
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return pulumirpc.NewResourceProviderClient(conn), nil
}
