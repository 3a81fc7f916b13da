package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/pulumistack"
	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/stacks"
)

const (
	// maxBackupAge is that of etcd's backups, which run every six hours.
	maxBackupAge = 7 * time.Hour
	// maxJobAge is that of the last success of a CronJob; dumps run every day.
	maxJobAge = 26 * time.Hour
	// minCertificateLife is the rest of a certificate's time. AWS renews its own 60 days before the end.
	minCertificateLife = 30 * 24 * time.Hour
	// minKubeconfigLife is that of the kubeconfig in the state, which lasts two weeks: the next update replaces it.
	minKubeconfigLife = 2 * 24 * time.Hour
)

// verifyOptions are the flags of growbin verify.
type verifyOptions struct {
	*stackOptions
	// noDrift skips the preview.
	noDrift bool
}

func newVerify(s *stackOptions) *cobra.Command {
	o := verifyOptions{stackOptions: s}
	command := &cobra.Command{
		Use:   "verify",
		Short: "Reads a stack back from AWS and Kubernetes, and compares it with the design",
		Long: "verify compares the nodes, pods, claims, instances, targets of the load balancer, backups and certificates of a stack with\n" +
			"its design, lists the alerts that fire, and finds drift by a preview with a refresh. It changes nothing. The exit code is 1 if anything differs. It opens\n" +
			"the tunnel if none is open.",
		Example: "  growbin verify -s prod\n  growbin verify -s prod --no-drift",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return runVerify(command.Context(), o, command.OutOrStdout())
		},
	}
	command.Flags().BoolVar(&o.noDrift, "no-drift", false, "skip the preview, which takes minutes")
	return command
}

func runVerify(ctx context.Context, o verifyOptions, out io.Writer) error {
	settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
	if err != nil {
		return err
	}
	if asleep, err := whileAsleep(ctx, power{settings, awscli.InRegion(settings.Region), out}); err != nil || asleep != nil {
		return errors.Join(err, report(out, o.stack, asleep))
	}
	stack, err := openStack(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	var rows []verify.Row
	if err := reach(ctx, settings, func(ctx context.Context) error {
		kubeconfig, err := stack.Kubeconfig(ctx)
		if err != nil {
			return err
		}
		client, err := newClient(kubeconfig)
		if err != nil {
			return err
		}
		rows, err = inCluster(ctx, settings, client, kubeconfig, time.Now())
		return err
	}); err != nil {
		return err
	}
	rows = append(rows, inAWS(ctx, settings, awscli.InRegion(settings.Region), time.Now())...)
	if !o.noDrift {
		drift, err := stack.Drift(ctx)
		rows = append(rows, row("drift", "preview with a refresh", drift, err))
	}
	return report(out, o.stack, rows)
}

// openStack opens the stack for reading.
func openStack(ctx context.Context, o *stackOptions) (*pulumistack.Stack, error) {
	return pulumistack.Open(ctx, pulumistack.Options{
		Dir: o.dir, Stack: o.stack, Progress: io.Discard, Settings: rollSettings(), NodesOutput: stacks.OutputNodeRoles, KubeconfigOutput: stacks.OutputKubeconfig,
		Records: []string{stacks.ReleasedImages},
	})
}

// report prints the rows; its error counts the deviations.
func report(out io.Writer, stack string, rows []verify.Row) error {
	problems, err := verify.Print(out, rows)
	if err == nil && problems > 0 {
		err = fmt.Errorf("stack %s has %d deviations from its design", stack, problems)
	}
	return err
}

// whileAsleep returns the rows of a stack of which no instance runs; none if one does. Nothing else can be checked then, and by the
// setting sleep it is no deviation.
func whileAsleep(ctx context.Context, p power) ([]verify.Row, error) {
	names, all, err := p.stoppedNodes(ctx)
	if err != nil || !all {
		return nil, err
	}
	var problems []string
	if p.settings.Sleep == nil {
		problems = append(problems, "no instance runs, although "+stacks.ConfigPrefix+"sleep is empty")
	}
	found := fmt.Sprintf("%d instances are stopped; to start them: growbin wake -s %s", len(names), p.settings.Stack)
	return []verify.Row{row("asleep", found, problems, nil)}, nil
}

// row makes an error one of the problems: the other checks still count.
func row(subject, found string, problems []string, err error) verify.Row {
	if err != nil {
		problems = append(problems, err.Error())
	}
	return verify.Row{Subject: subject, Found: found, Problems: problems}
}

// inCluster checks the objects that the API server reports.
func inCluster(ctx context.Context, s *stacks.Settings, client kubernetes.Interface, kubeconfig []byte, now time.Time) ([]verify.Row, error) {
	seen, err := verify.Observe(ctx, client)
	if err != nil {
		return nil, err
	}
	var unanswered []string
	for _, application := range stacks.Applications() {
		if application.NodePort != 0 && len(seen.PodsBehind(application.NodePort)) == 0 {
			unanswered = append(unanswered, fmt.Sprintf("no ready pod behind node port %d of %s", application.NodePort, application.Name))
		}
	}
	alerts, alertsErr := verify.Alerts(ctx, client, stacks.MonitoringNamespace)
	expiring, err := verify.Expiring(kubeconfig, now.Add(minKubeconfigLife))
	return []verify.Row{
		row("design", fmt.Sprintf("%d nodes, %d pods, %d claims", len(seen.Nodes), len(seen.Pods), len(seen.Claims)), seen.Differences(s.Expected()), nil),
		row("versions", seen.Version, seen.VersionDifferences(s.KubernetesVersion), nil),
		row("endpoints", "the node ports of the APIs", unanswered, nil),
		row("jobs", fmt.Sprintf("%d CronJobs, e.g. dumps", len(seen.CronJobs)), seen.Overdue(now, maxJobAge), nil),
		row("alerts", "firing in Alertmanager", alerts, alertsErr),
		row("kubeconfig", "certificate of the administrator", expiring, err),
	}, nil
}
