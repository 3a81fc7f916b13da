package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/stacks"
)

// inAWS checks the resources outside the cluster. It needs rights to read EC2, Elastic Load Balancing, Certificate Manager and the parameter of
// the backups.
func inAWS(ctx context.Context, s *stacks.Settings, aws awscli.Runner, now time.Time) []verify.Row {
	instances, err := instanceDifferences(ctx, s, aws)
	rows := []verify.Row{row("instances", "state, type and zone", instances, err)}
	targets, found, err := unhealthyTargets(ctx, s, aws)
	rows = append(rows, row("targets", found, targets, err))
	backup, found, err := oldBackup(ctx, s, aws, now)
	rows = append(rows, row("backup of etcd", found, backup, err))
	if s.Domain != "" {
		certificates, err := expiringCertificates(ctx, s, aws, now)
		rows = append(rows, row("certificate", s.Domain, certificates, err))
	}
	return rows
}

// ask runs the AWS CLI and decodes its answer.
func ask(ctx context.Context, aws awscli.Runner, answer any, args ...string) error {
	out, err := aws(ctx, args...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return fmt.Errorf("read the answer of aws %s %s: %w", args[0], args[1], err)
	}
	return nil
}

func instanceDifferences(ctx context.Context, s *stacks.Settings, aws awscli.Runner) ([]string, error) {
	var running []struct{ Name, Type, Zone string }
	if err := ask(ctx, aws, &running, "ec2", "describe-instances",
		"--filters", "Name=tag:Cluster,Values="+s.ClusterName(), "Name=instance-state-name,Values=running",
		"--query", "Reservations[].Instances[].{Name:Tags[?Key=='Name']|[0].Value,Type:InstanceType,Zone:Placement.AvailabilityZone}"); err != nil {
		return nil, err
	}
	var differences []string
	found := map[string]bool{}
	for _, i := range running {
		found[i.Name] = true
		for _, node := range s.Nodes {
			if node.Name != i.Name {
				continue
			}
			if i.Type != node.InstanceType {
				differences = append(differences, fmt.Sprintf("instance %s has type %s, must be %s", i.Name, i.Type, node.InstanceType))
			}
			if zone := s.AvailabilityZones[node.Zone]; i.Zone != zone {
				differences = append(differences, fmt.Sprintf("instance %s is in zone %s, must be %s", i.Name, i.Zone, zone))
			}
		}
	}
	for _, node := range s.Nodes {
		if !found[node.Name] {
			differences = append(differences, fmt.Sprintf("instance %s does not run", node.Name))
		}
	}
	return differences, nil
}

// unhealthyTargets lists the targets of the cluster's load balancer that get no requests.
func unhealthyTargets(ctx context.Context, s *stacks.Settings, aws awscli.Runner) (problems []string, found string, err error) {
	var groups []struct{ Name, ARN string }
	if err := ask(ctx, aws, &groups, "elbv2", "describe-target-groups",
		"--query", "TargetGroups[?starts_with(TargetGroupName, '"+s.ClusterName()+"-')].{Name:TargetGroupName,ARN:TargetGroupArn}"); err != nil {
		return nil, "load balancer", err
	}
	if len(groups) == 0 {
		problems = append(problems, "the load balancer has no target group")
	}
	healthy := 0
	for _, group := range groups {
		var targets []struct{ ID, State, Reason string }
		if err := ask(ctx, aws, &targets, "elbv2", "describe-target-health", "--target-group-arn", group.ARN,
			"--query", "TargetHealthDescriptions[].{ID:Target.Id,State:TargetHealth.State,Reason:TargetHealth.Reason}"); err != nil {
			return nil, "load balancer", err
		}
		if len(targets) == 0 {
			problems = append(problems, group.Name+" has no target")
		}
		for _, target := range targets {
			if target.State != "healthy" {
				problems = append(problems, fmt.Sprintf("target %s of %s is %s: %s", target.ID, group.Name, target.State, awscli.Printable(target.Reason)))
				continue
			}
			healthy++
		}
	}
	return problems, fmt.Sprintf("%d healthy in %d groups", healthy, len(groups)), nil
}

// oldBackup reads the parameter in which the control plane reports its backups.
func oldBackup(ctx context.Context, s *stacks.Settings, aws awscli.Runner, now time.Time) (problems []string, found string, err error) {
	var value string
	if err := ask(ctx, aws, &value, "ssm", "get-parameter", "--name", kubeadm.BackupParameter(s.ClusterName()), "--query", "Parameter.Value"); err != nil {
		return nil, "none", err
	}
	var status kubeadm.StatusMessage
	if err := json.Unmarshal([]byte(value), &status); err != nil {
		return nil, "none", fmt.Errorf("read the report of the backup: %w", err)
	}
	at, err := time.Parse(time.RFC3339, status.Time)
	if err != nil {
		return nil, "none", fmt.Errorf("read the time of the backup: %w", err)
	}
	age := now.Sub(at).Round(time.Minute)
	if status.Phase != kubeadm.PhaseReady {
		problems = append(problems, "the last backup failed: "+awscli.Printable(status.Reason))
	}
	if age > maxBackupAge {
		problems = append(problems, fmt.Sprintf("the last backup is %s old, must be at most %s", age, maxBackupAge))
	}
	return problems, age.String() + " old", nil
}

func expiringCertificates(ctx context.Context, s *stacks.Settings, aws awscli.Runner, now time.Time) ([]string, error) {
	var certificates []struct {
		Domain, Status string
		End            time.Time
	}
	if err := ask(ctx, aws, &certificates, "acm", "list-certificates", "--includes", "keyTypes=RSA_2048,EC_prime256v1",
		"--query", "CertificateSummaryList[?contains(DomainName, '"+s.Domain+"')].{Domain:DomainName,Status:Status,End:NotAfter}"); err != nil {
		return nil, err
	}
	var problems []string
	if len(certificates) == 0 {
		problems = append(problems, "there is no certificate of "+s.Domain)
	}
	for _, c := range certificates {
		switch {
		case c.Status != "ISSUED":
			problems = append(problems, fmt.Sprintf("the certificate of %s is %s", c.Domain, c.Status))
		case c.End.Before(now.Add(minCertificateLife)):
			problems = append(problems, fmt.Sprintf("the certificate of %s ends on %s", c.Domain, c.End.UTC().Format(time.DateOnly)))
		}
	}
	return problems, nil
}
