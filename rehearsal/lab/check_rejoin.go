package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// rejoin starts a worker that was off until kubelet's certificate had expired.
func (r *run) rejoin(ctx context.Context) error {
	if err := r.worker.CutPower(); err != nil {
		return err
	}
	expired, err := expiredCertificate()
	if err != nil {
		return err
	}
	file := filepath.Join(r.worker.Root, "var/lib/kubelet/pki/kubelet-client-current.pem")
	if err := os.Remove(file); err != nil { // a link to the file that holds the certificate
		return fmt.Errorf("removing kubelet's certificate: %w", err)
	}
	if err := os.WriteFile(file, expired, 0o600); err != nil {
		return fmt.Errorf("writing an expired certificate: %w", err)
	}
	since, console := time.Now(), r.worker.consoleSize()
	if err := r.worker.Start(ctx); err != nil {
		return err
	}
	if err := r.awaitHeartbeats(ctx, since); err != nil {
		return err
	}
	if !strings.Contains(r.worker.consoleSince(console), "kubelet's certificate has expired: joining anew") {
		return errors.New("the worker did not notice that kubelet's certificate has expired")
	}
	return nil
}

// expiredCertificate returns a certificate that ended an hour ago, and its key, as kubelet stores them.
func expiredCertificate() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making an expired certificate: %w", err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})...), nil
}
