// Command languagehost runs Go programs for Pulumi's engine, as pulumi-language-go does, which cannot be built here: it starts the
// executable that Pulumi.yaml names as runtime.options.binary. It compiles nothing. Installed as pulumi-language-go, it lets a
// rehearsal run the commands that start Pulumi themselves.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	flag.Parse()
	if err := serve(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-go:", err)
		os.Exit(1)
	}
}

// serve prints its port, which the engine waits for, and answers until the engine ends it.
func serve(engine string) error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(server *grpc.Server) error {
		pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: engine})
		return nil
	}})
	if err != nil {
		return fmt.Errorf("serve the language host: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}

// host runs programs for the engine at an address.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

// GetPluginInfo implements the language host's protocol.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// GetRequiredPlugins names none: a rehearsal has its providers already.
func (h *host) GetRequiredPlugins(context.Context, *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// Run starts the program and waits for its end.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	binary, _ := request.GetInfo().GetOptions().AsMap()["binary"].(string)
	if binary == "" {
		return &pulumirpc.RunResponse{Error: "Pulumi.yaml must name the program's executable as runtime.options.binary"}, nil
	}
	environment, err := h.environment(request)
	if err != nil {
		return nil, err
	}
	program := exec.CommandContext(ctx, binary)
	program.Dir, program.Env = request.GetInfo().GetProgramDirectory(), environment
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	if err := program.Run(); err != nil {
		return &pulumirpc.RunResponse{Error: "the program ended with an error: " + err.Error(), Bail: true}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// environment are the variables by which a program finds its engine and its settings.
func (h *host) environment(request *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(request.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("write the settings: %w", err)
	}
	secret, err := json.Marshal(request.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("write the names of secrets: %w", err)
	}
	return append(os.Environ(),
		pulumi.EnvOrganization+"="+request.GetOrganization(), pulumi.EnvProject+"="+request.GetProject(), pulumi.EnvStack+"="+request.GetStack(),
		pulumi.EnvConfig+"="+string(config), pulumi.EnvConfigSecretKeys+"="+string(secret), pulumi.EnvDryRun+"="+strconv.FormatBool(request.GetDryRun()),
		pulumi.EnvParallel+"="+strconv.Itoa(int(request.GetParallel())), pulumi.EnvMonitor+"="+request.GetMonitorAddress(), pulumi.EnvEngine+"="+h.engine,
		pulumi.EnvPulumiRootDirectory+"="+request.GetInfo().GetRootDirectory(),
	), nil
}
