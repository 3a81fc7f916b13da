package kubeadm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/validation"
)

// maxPackageIndex bounds the index of a repository in bytes; that of a minor version has about 200 KiB.
const maxPackageIndex = 16 << 20

// PackageVersions asks an apt repository without suites, as those of Kubernetes are, for its versions by package, in its order. An
// error means that there was no answer.
func PackageVersions(ctx context.Context, client *http.Client, repository string) (map[string][]string, error) {
	address := strings.TrimSuffix(repository, "/") + "/Packages"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for packages: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for packages: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for packages: %s answered %s", address, response.Status)
	}
	versions, name := map[string][]string{}, ""
	lines := bufio.NewScanner(io.LimitReader(response.Body, maxPackageIndex))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if value, is := strings.CutPrefix(lines.Text(), "Package: "); is {
			name = value
		} else if value, is := strings.CutPrefix(lines.Text(), "Version: "); is {
			versions[name] = append(versions[name], value)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	return versions, nil
}

// CheckPackages returns an error for each package of a version of Kubernetes that a repository lacks. Versions are those of
// PackageVersions.
func CheckPackages(versions map[string][]string, repository, version string) error {
	var problems validation.Problems
	wanted := version + "-" + DefaultPackageRevision
	for _, name := range []string{"kubeadm", "kubelet", "kubectl"} {
		if offered := versions[name]; !slices.Contains(offered, wanted) {
			shown := "no version"
			if len(offered) > 0 {
				shown = strings.Join(offered[max(0, len(offered)-5):], ", ")
			}
			problems.Add("KubernetesVersion", version, "must have the package %s %s in %s, which has %s", name, wanted, repository, validation.Printable(shown))
		}
	}
	return problems.Err()
}
