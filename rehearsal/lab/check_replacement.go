package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// replaceInstance replaces the control-plane instance. Its data disk is kept.
func (r *run) replaceInstance(ctx context.Context) error {
	return r.checkReplacement(ctx, "instance", func(context.Context) error { return nil })
}

// replaceInstanceAndDisk replaces the data disk too, after a backup.
func (r *run) replaceInstanceAndDisk(ctx context.Context) error {
	return r.checkReplacement(ctx, "disk", func(ctx context.Context) error {
		if _, err := r.controlPlane.Run(ctx, "systemctl", "start", "kubeadm-backup.service"); err != nil {
			return err
		}
		if err := r.replaceDataDisk(r.controlPlaneName()); err != nil {
			return err
		}
		return r.lendBackups()
	})
}

// lendBackups allows the next control plane to read the backup, as pulumi up does when it finds none.
func (r *run) lendBackups() error {
	variables, err := r.controlPlane.variables()
	if err != nil {
		return err
	}
	policy := kubeadm.LentPolicy("arn:aws:s3:::"+variables[userdata.EnvBackupBucket], r.cloud.KeyARN(variables[userdata.EnvKey]), time.Now().Add(time.Hour))
	return r.cloud.PutRolePolicy(kubeadm.RoleName(variables[userdata.EnvClusterName], r.controlPlaneName()), kubeadm.LentPolicyName, policy)
}

// checkReplacement replaces the control-plane instance and checks that the cluster is the same. prepare is called while the
// old instance still runs.
func (r *run) checkReplacement(ctx context.Context, drill string, prepare func(context.Context) error) error {
	if err := createObjects(ctx, r.client, drill); err != nil {
		return err
	}
	pod := "survivor-" + drill
	if err := r.runPod(ctx, r.client, pod); err != nil {
		return err
	}
	before, err := r.identity(ctx, pod)
	if err != nil {
		return err
	}
	if err := prepare(ctx); err != nil {
		return err
	}
	since := time.Now()
	if err := r.controlPlane.terminate(); err != nil {
		return err
	}
	r.api.ReplaceInstance(r.controlPlane.ec2)
	if err := r.bootControlPlane(ctx); err != nil {
		return err
	}
	if err := checkObjects(ctx, r.client, drill); err != nil {
		return err
	}
	if err := r.awaitHeartbeats(ctx, since); err != nil {
		return err
	}
	after, err := r.identity(ctx, pod)
	if err != nil {
		return err
	}
	return before.compare(after)
}

// clusterIdentity holds the properties by which a cluster is the same one.
type clusterIdentity struct {
	objects fingerprint
	// authority is the certificate of the cluster's certificate authority.
	authority []byte
	// podStart is when the worker's pod started.
	podStart metav1.Time
}

func (r *run) identity(ctx context.Context, pod string) (found clusterIdentity, err error) {
	if found.objects, err = objectFingerprint(ctx, r.client); err != nil {
		return found, err
	}
	variables, err := r.controlPlane.variables()
	if err != nil {
		return found, err
	}
	certificate, err := r.controlPlane.Run(ctx, "cat", variables[userdata.EnvStateDir]+"/pki/ca.crt")
	if err != nil {
		return found, err
	}
	found.authority = []byte(certificate)
	found.podStart, err = podStart(ctx, r.client, pod)
	return found, err
}

// compare checks that nothing was lost, and that the worker's pod was not restarted.
func (c clusterIdentity) compare(after clusterIdentity) error {
	if !bytes.Equal(c.authority, after.authority) {
		return errors.New("the certificate authority has changed")
	}
	var lost []string
	for _, difference := range c.objects.differences(after.objects) {
		// kubeadm init rewrites its own configuration and roles.
		if strings.HasSuffix(difference, removed) || strings.HasPrefix(difference, "namespace ") || strings.HasPrefix(difference, "service account ") {
			lost = append(lost, difference)
		}
	}
	if len(lost) > 0 {
		return errors.New(strings.Join(lost, "\n"))
	}
	if !after.podStart.Equal(&c.podStart) {
		return fmt.Errorf("the worker's pod was restarted at %s; it had been running since %s", after.podStart, c.podStart)
	}
	return nil
}
