package main

import (
	"context"
	"fmt"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/awscli"
)

// backupTimeout limits a backup; a snapshot takes seconds, its upload too.
const backupTimeout = 10 * time.Minute

// backup saves etcd on the control plane.
func backup(ctx context.Context, run awscli.Runner, instance string) error {
	ctx, cancel := context.WithTimeout(ctx, backupTimeout)
	defer cancel()
	if _, err := runOn(ctx, run, instance, "etcd backup", kubeadm.BackupCommand); err != nil {
		return fmt.Errorf("the backup: %w", err)
	}
	return nil
}
