package kubeadm_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

func TestPackageVersions(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/core:/stable:/v1.36/deb/Packages" {
			http.NotFound(w, r)
			return
		}
		for _, name := range []string{"kubeadm", "kubectl", "kubelet"} {
			for _, version := range []string{"1.36.2-1.1", "1.36.3-1.1"} {
				if name != "kubelet" || version != "1.36.3-1.1" {
					fmt.Fprintf(w, "Package: %s\nArchitecture: amd64\nVersion: %s\nDescription: Version: 9\n\n", name, version)
				}
			}
		}
	}))
	defer server.Close()
	repository := kubeadm.KubernetesAPT(server.URL, "1.36")
	versions, err := kubeadm.PackageVersions(t.Context(), server.Client(), repository)
	require.NoError(t, err)
	require.NoError(t, kubeadm.CheckPackages(versions, repository, "1.36.2"))
	err = kubeadm.CheckPackages(versions, repository, "1.36.3")
	require.ErrorContains(t, err, "must have the package kubelet 1.36.3-1.1 in "+repository+", which has 1.36.2-1.1")
	require.NotContains(t, err.Error(), "kubeadm 1.36.3")

	_, err = kubeadm.PackageVersions(t.Context(), server.Client(), server.URL)
	require.ErrorContains(t, err, "404 Not Found")
	server.Close()
	_, err = kubeadm.PackageVersions(t.Context(), server.Client(), repository)
	require.Error(t, err, "nobody answers")
}
