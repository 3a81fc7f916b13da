// Package fakeboot is the boot of a simulated machine in unit tests: it parses the user data, checks that the disk, the
// route and the permissions for it exist, and publishes the messages of a booted machine at once. Nothing runs; a
// rehearsal boots for real.
package fakeboot

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// pollInterval is the longest time between two reads of the join data. A write of a machine ends the wait; a change of the
// permissions does not.
const pollInterval = 200 * time.Millisecond

// request stands for a worker's certificate request.
const request = "{}"

// Kubeconfig is the one that the control plane of a unit test publishes. Its key is a placeholder.
const Kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    server: https://10.0.0.10:6443
    certificate-authority-data: bm90IGEgY2VydGlmaWNhdGU=
contexts:
- name: admin
  context: {cluster: kubernetes, user: admin}
current-context: admin
users:
- name: admin
  user:
    client-key-data: dGhlIGFkbWluaXN0cmF0b3IncyBrZXk=
`

// New returns a boot hook for a simulated cloud. onError is called with the reason if a machine does not become a node.
func New(onError func(machine string, err error)) func(context.Context, *awssim.Machine) {
	return func(ctx context.Context, machine *awssim.Machine) {
		if err := boot(ctx, machine); err != nil && ctx.Err() == nil {
			onError(machine.Name, err)
		}
	}
}

func boot(ctx context.Context, machine *awssim.Machine) error {
	node, err := userdata.ParseNode(machine.UserData)
	if err != nil {
		return fmt.Errorf("user data: %w", err)
	}
	if err := prepare(ctx, machine, node); err != nil {
		return publish(machine, node, kubeadm.PhaseFailed, err.Error())
	}
	if node.ControlPlane {
		if err := machine.PutObject(node.IssuerBucket, kubeadm.KeysKey, []byte(`{"keys":[]}`)); err != nil {
			return fmt.Errorf("publish the keys of tokens: %w", err)
		}
		message, err := json.Marshal(kubeadm.KubeconfigMessage{InstanceID: machine.ID, Kubeconfig: Kubeconfig})
		if err != nil {
			return err
		}
		if err := machine.PutSecret(node.KubeconfigParameter, string(message), node.Key); err != nil {
			return fmt.Errorf("publish kubeconfig: %w", err)
		}
		go answer(ctx, machine, node)
	}
	return publish(machine, node, kubeadm.PhaseReady, "")
}

// prepare waits for the disk, the way out and, on a worker, for the control plane.
func prepare(ctx context.Context, machine *awssim.Machine, node *userdata.Node) error {
	if err := machine.WaitForInternet(ctx); err != nil {
		return err
	}
	if node.DataDisk {
		if err := machine.WaitForVolume(ctx); err != nil {
			return err
		}
	}
	if node.ControlPlane {
		return nil
	}
	if err := machine.PutSecret(node.JoinParameter, request, node.Key); err != nil {
		return fmt.Errorf("write the join request: %w", err)
	}
	for {
		written := machine.Cloud().ParameterWritten()
		value, err := machine.GetParameter(node.JoinParameter)
		if err != nil {
			return fmt.Errorf("read join data: %w", err)
		}
		if value != request {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-written:
		case <-time.After(pollInterval):
		}
	}
	cloud := machine.Cloud()
	return cloud.Reach(awssim.Endpoint(machine.ID), awssim.Endpoint(controlPlane(cloud)), "tcp", ports.APIServer)
}

// Answer answers the machines that boot here in place of a control plane that boots elsewhere, and knows nothing of their
// requests. It returns when the control plane is terminated.
func Answer(ctx context.Context, controlPlane *awssim.Machine) error {
	node, err := userdata.ParseNode(controlPlane.UserData)
	if err != nil {
		return fmt.Errorf("user data: %w", err)
	}
	answer(ctx, controlPlane, node)
	return nil
}

// answer overwrites every join request that the instance of its node wrote, until the machine is terminated.
func answer(ctx context.Context, machine *awssim.Machine, node *userdata.Node) {
	for ctx.Err() == nil {
		written := machine.Cloud().ParameterWritten()
		requests, err := machine.ParametersByPath(node.JoinPath)
		for parameter := range requests {
			role := "/" + kubeadm.RoleName(node.Cluster, path.Base(parameter)) + "/"
			newest, err := machine.ParameterHistory(parameter)
			if err == nil && newest.Value == request && strings.Contains(newest.LastModifiedUser, role) {
				_ = machine.PutSecret(parameter, "join data", node.Key) // without the permission, workers wait
			}
		}
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-written:
		case <-time.After(pollInterval):
		}
	}
}

// controlPlane is the machine whose user data is a control plane's.
func controlPlane(cloud *awssim.Cloud) string {
	for _, machine := range cloud.Machines() {
		if node, err := userdata.ParseNode(machine.UserData); err == nil && node.ControlPlane {
			return machine.ID
		}
	}
	return ""
}

func publish(machine *awssim.Machine, node *userdata.Node, phase, reason string) error {
	message, err := json.Marshal(kubeadm.StatusMessage{
		InstanceID: machine.ID, Phase: phase, Step: "fake", Reason: reason, Time: time.Now().UTC().Format(time.RFC3339),
	})
	if err != nil {
		return err
	}
	if err := machine.PutParameter(node.StatusParameter, string(message)); err != nil {
		return fmt.Errorf("publish status: %w", err)
	}
	return nil
}
