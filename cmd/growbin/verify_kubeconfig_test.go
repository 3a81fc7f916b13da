package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes/fake"
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

// A kubeconfig lasts two weeks, so a fresh one must be in order.
func TestVerify_LifeOfTheKubeconfig(t *testing.T) {
	settings, err := stacks.ReadSettings("../..", "dev", nil)
	require.NoError(t, err)
	now := time.Now()
	problems := func(life time.Duration) []string {
		rows, err := inCluster(t.Context(), settings, fake.NewClientset(), kubeconfigUntil(t, now.Add(life)), now)
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
