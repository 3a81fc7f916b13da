package cost

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Resource is a custom resource that a program registers.
type Resource struct {
	// Type is the type token, e.g. aws:ec2/instance:Instance; Name the logical name; URN Pulumi's identifier.
	Type, Name, URN string
	// Inputs are the inputs, those that a deployment has yet to produce as computed values.
	Inputs resource.PropertyMap
	// Uses are the URNs of the resources whose outputs an input has, by input.
	Uses map[string][]string
}

// Registered runs a program as a preview of an empty account does, and returns the custom resources that it registers, sorted by
// type and name. It calls no provider: functions return empty results. Pulumi's mocks cannot do this, because they decode no
// secret that is unknown.
func Registered(ctx context.Context, project, stack string, program pulumi.RunFunc) ([]Resource, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("list the resources of the program: %w", err)
	}
	m, server := &monitor{project: project, stack: stack}, grpc.NewServer()
	pulumirpc.RegisterResourceMonitorServer(server, m)
	pulumirpc.RegisterEngineServer(server, &engine{})
	go func() { _ = server.Serve(listener) }() // Stop ends it; any other error reaches the program
	defer server.Stop()
	address := listener.Addr().String()
	run, err := pulumi.NewContext(ctx, pulumi.RunInfo{
		Project: project, Stack: stack, DryRun: true, Parallel: parallel, MonitorAddr: address, EngineAddr: address,
	})
	if err != nil {
		return nil, fmt.Errorf("list the resources of the program: %w", err)
	}
	err = pulumi.RunWithContext(run, program)
	if closed := run.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = m.err
	}
	if err != nil {
		return nil, fmt.Errorf("list the resources of the program: %w", err)
	}
	slices.SortFunc(m.list, func(a, b Resource) int { return strings.Compare(a.Type+a.Name, b.Type+b.Name) })
	return m.list, nil
}

// parallel is the number of registrations at a time. None of them waits for another system.
const parallel = 64
