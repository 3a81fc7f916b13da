package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	k8stesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/growbin/cluster/stacks"
)

// kubeconfigUntil is a kubeconfig whose client certificate ends at the time.
func kubeconfigUntil(t *testing.T, end time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: end}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	text, err := clientcmd.Write(clientcmdapi.Config{AuthInfos: map[string]*clientcmdapi.AuthInfo{
		"deployer": {ClientCertificateData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})},
	}})
	require.NoError(t, err)
	return text
}

// quiet is an Alertmanager in which the alert alone fires that always does.
type quiet struct{}

func (quiet) DoRaw(context.Context) ([]byte, error) {
	return []byte(`[{"labels":{"alertname":"Watchdog","severity":"none"}}]`), nil
}

func (quiet) Stream(context.Context) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

// A kubeconfig lasts two weeks, so a fresh one must be in order.
func TestVerify_LifeOfTheKubeconfig(t *testing.T) {
	settings, err := stacks.ReadSettings("../..", "dev", nil)
	require.NoError(t, err)
	now := time.Now()
	client := fake.NewClientset()
	client.AddProxyReactor("services", func(k8stesting.Action) (bool, rest.ResponseWrapper, error) { return true, quiet{}, nil })
	problems := func(life time.Duration) []string {
		rows, err := inCluster(t.Context(), settings, client, kubeconfigUntil(t, now.Add(life)), now)
		require.NoError(t, err)
		for _, row := range rows {
			if row.Subject == "kubeconfig" {
				return row.Problems
			}
		}
		t.Fatal("no row of the kubeconfig")
		return nil
	}
	assert.Empty(t, problems(14*24*time.Hour))
	require.Len(t, problems(24*time.Hour), 1)
	assert.Contains(t, problems(24 * time.Hour)[0], "the certificate of deployer ends on ")
}
