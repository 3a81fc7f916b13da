package boot

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// identityFile is the kubelet's lasting identity on the root disk.
const identityFile = "kubelet.json"

// savedIdentity is its content.
type savedIdentity struct {
	Host           string
	CA, Cert, PKey []byte
}

func (a *attempt) saveIdentity(identity *rest.Config) error {
	text, err := json.Marshal(savedIdentity{identity.Host, identity.CAData, identity.CertData, identity.KeyData})
	if err != nil {
		return fmt.Errorf("writing the kubelet's identity: %w", err)
	}
	if err := os.MkdirAll(a.machineDir(a.machine.ID), 0o700); err != nil {
		return fmt.Errorf("writing the kubelet's identity: %w", err)
	}
	return os.WriteFile(filepath.Join(a.machineDir(a.machine.ID), identityFile), text, 0o600)
}

// identity reads the kubelet's identity from the root disk; nil if its certificate has run out.
func (a *attempt) identity() (*rest.Config, error) {
	text, err := os.ReadFile(filepath.Join(a.machineDir(a.machine.ID), identityFile))
	if err != nil {
		return nil, fmt.Errorf("reading the kubelet's identity: %w", err)
	}
	var saved savedIdentity
	if err := json.Unmarshal(text, &saved); err != nil {
		return nil, fmt.Errorf("reading the kubelet's identity: %w", err)
	}
	block, _ := pem.Decode(saved.Cert)
	if block == nil {
		return nil, errors.New("the kubelet's certificate is no PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the kubelet's certificate: %w", err)
	}
	if time.Now().After(certificate.NotAfter) {
		return nil, nil
	}
	return a.network.through(a.machine, &rest.Config{
		Host: saved.Host, TLSClientConfig: rest.TLSClientConfig{CAData: saved.CA, CertData: saved.Cert, KeyData: saved.PKey},
	}), nil
}

// again is one attempt of a later boot.
func (w *World) again(ctx context.Context, m Machine, node *userdata.Node) error {
	a := &attempt{World: w, machine: m, node: node, status: &reporter{machine: m, parameter: node.StatusParameter}}
	a.volume = filepath.Join(a.machineDir(m.ID), "data")
	hasDisk, isControlPlane := false, false
	for _, step := range node.Steps {
		hasDisk = hasDisk || step == userdata.StepDataDisk
		isControlPlane = isControlPlane || step == userdata.StepControlPlane
	}
	if hasDisk {
		if err := a.dataDisk(ctx); err != nil {
			return err
		}
	}
	if err := a.packages(ctx); err != nil {
		return err
	}
	err := a.resume(ctx, isControlPlane)
	if err == nil {
		w.log(node.Name, "started again")
	}
	return err
}

// resume starts the control plane or registers the worker.
func (a *attempt) resume(ctx context.Context, isControlPlane bool) error {
	if isControlPlane {
		err := a.controlPlane(ctx)
		if err != nil {
			a.stopControlPlane(a.machine.ID)
		}
		return err
	}
	identity, err := a.identity()
	if err != nil {
		return err
	}
	if identity == nil {
		a.log(a.node.Name, "kubelet's certificate has expired: joining anew")
		return a.worker(ctx)
	}
	return a.enroll(ctx, identity)
}
