package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/tunnel"
	"github.com/growbin/cluster/stacks"
)

func newKubeconfig(o *stackOptions) *cobra.Command {
	var admin bool
	var server string
	command := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Prints a kubeconfig that reads everything but Secrets, or an administrator's",
		Long: "kubeconfig prints the kubeconfig that the control plane has published for people. IAM decides who may read it:\n" +
			"the parameters /growbin-STACK/access/reader and /growbin-STACK/access/admin. It ends within two weeks.",
		Example: "  (umask 077; growbin kubeconfig -s dev > dev.kubeconfig)\n  (umask 077; growbin kubeconfig -s dev --admin > dev.kubeconfig)",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			identity := kubeadm.Reader
			if admin {
				identity = kubeadm.Admin
			}
			return printKubeconfig(command.Context(), run, settings, identity, server, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&server, "server", "", "`URL` of the API server, if apiAccess is direct: the output apiEndpoint")
	command.Flags().BoolVar(&admin, "admin", false, "print an administrator's")
	return command
}

// live reads the settings of a stack that is deployed, and returns a runner for its region.
func (o stackOptions) live() (*stacks.Settings, awscli.Runner, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
	if err != nil {
		return nil, nil, err
	}
	return settings, awscli.InRegion(settings.Region), nil
}

func printKubeconfig(ctx context.Context, run awscli.Runner, settings *stacks.Settings, identity kubeadm.Identity, server string, out io.Writer) error {
	text, err := published(ctx, run, settings, kubeadm.AccessParameter(settings.ClusterName(), identity), server)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text)
	return err
}

// published returns the kubeconfig in an SSM parameter, for the address at which this host reaches the API server.
func published(ctx context.Context, run awscli.Runner, settings *stacks.Settings, name, server string) (string, error) {
	value, err := secretParameter(ctx, run, name)
	if err != nil {
		return "", err
	}
	if value == kubeadm.PendingValue {
		return "", errors.New(name + ": the control plane has published nothing yet")
	}
	var message kubeadm.KubeconfigMessage
	if err := json.Unmarshal([]byte(value), &message); err != nil {
		return "", errors.New(name + " holds no kubeconfig") // the parser's own message would quote a secret
	}
	if server == "" && settings.APIAccess != stacks.AccessSessionManager {
		return "", errors.New("--server: not set, must be the URL of the API server, since apiAccess is direct")
	}
	server = cmp.Or(server, fmt.Sprintf("https://127.0.0.1:%d", settings.APITunnelPort))
	return kubeconfig.Redirect(message.Kubeconfig, server, stacks.ControlPlane(settings.Nodes).Name)
}

// secretParameter returns the value of an SSM parameter, decrypted.
func secretParameter(ctx context.Context, run awscli.Runner, name string) (string, error) {
	var answer struct{ Parameter struct{ Value string } }
	if err := ask(ctx, run, &answer, "ssm", "get-parameter", "--name", name, "--with-decryption"); err != nil {
		return "", fmt.Errorf("parameter %s: %w", name, err)
	}
	return answer.Parameter.Value, nil
}

func newRevoke(o *stackOptions) *cobra.Command {
	identities := []string{string(kubeadm.Deployer)}
	for _, identity := range kubeadm.Identities() {
		identities = append(identities, string(identity))
	}
	return &cobra.Command{
		Use:   "revoke IDENTITY",
		Short: "Takes the rights from every kubeconfig that was published for an identity",
		Long: "revoke takes the rights from every kubeconfig that was published for deployer, admin, reader or previewer, and\n" +
			"publishes a new one. It is the answer to a kubeconfig that leaked: a client certificate cannot be revoked.",
		Args:      cobra.ExactArgs(1),
		ValidArgs: identities,
		RunE: func(command *cobra.Command, args []string) error {
			if !slices.Contains(identities, args[0]) {
				return fmt.Errorf("%q must be one of %v", args[0], identities)
			}
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			_, err = runOnControlPlane(command.Context(), run, settings, "revoke "+args[0], kubeadm.RevokeCommand(kubeadm.Identity(args[0])))
			return err
		},
	}
}

func runOnControlPlane(ctx context.Context, run awscli.Runner, settings *stacks.Settings, purpose, command string) (string, error) {
	instance, err := runningInstance(ctx, run, settings, stacks.ControlPlane(settings.Nodes).Name)
	if err != nil {
		return "", err
	}
	return runOn(ctx, run, instance, purpose, command)
}

// runningInstance returns the ID of a node's instance.
func runningInstance(ctx context.Context, run awscli.Runner, settings *stacks.Settings, node string) (string, error) {
	instance, err := tunnel.Instance(ctx, run, settings.ClusterName(), node)
	if err == nil && instance == "" {
		err = errors.New("no instance of " + node + " is running")
	}
	return instance, err
}
