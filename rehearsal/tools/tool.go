package tools

import (
	"fmt"
	"strings"
)

// Tool is one program that a tool module pins.
type Tool struct {
	// Name is the program's file name, e.g. "kube-apiserver".
	Name string
	// Module is the tool module's folder below the tools folder, e.g. "kubernetes/v1.36".
	Module string
	// Package is the import path of the program's main package.
	Package string
	// pins is the import path whose module's version is the program's; Package when empty.
	pins string
	// stamp lists the linker's -X settings with the version, which a program built outside of its own repository lacks.
	stamp func(version string) []string
	// tags are build constraints that the program is built with.
	tags []string
	// embeds maps files that the program's source embeds to their paths in the pinned module. They are too large to
	// be committed a second time, so that the compiler reads them from the module cache.
	embeds map[string]string
	// edits replaces a text by another in files of the pinned module, each of which has it once.
	edits map[string][2]string
}

// Pulumi is the deployment engine's command line.
func Pulumi() Tool {
	return Tool{Name: "pulumi", Module: "pulumi", Package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", stamp: func(version string) []string {
		return []string{"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + version}
	}}
}

// PulumiKubernetes is Pulumi's provider for Kubernetes, under the name by which Pulumi looks for a plugin.
func PulumiKubernetes() Tool {
	const provider, assets = "github.com/pulumi/pulumi-kubernetes/provider/v4", "cmd/pulumi-resource-kubernetes/"
	return Tool{
		Name: "pulumi-resource-kubernetes", Module: "pulumi-kubernetes", pins: provider,
		Package: "github.com/growbin/cluster/rehearsal/tools/pulumi-kubernetes",
		embeds:  map[string]string{"schema.json": assets + "schema.json", "terraform-mapping.json": assets + "terraform-mapping.json"},
		// The module's pseudo-version, v4.0.0-…, sorts below every release. Its commit stands between 4.24 and 4.25.
		stamp: func(string) []string { return []string{provider + "/pkg/version.Version=4.25.0-dev"} },
	}
}

// Etcd is the cluster's database.
func Etcd() Tool {
	return Tool{Name: "etcd", Module: etcdFolder, Package: "go.etcd.io/etcd/server/v3"}
}

// Kwok simulates the kubelets.
func Kwok() Tool {
	return Tool{Name: "kwok", Module: "kwok", Package: "sigs.k8s.io/kwok/cmd/kwok"}
}

// kubernetesTool is a program of Kubernetes itself, of the minor version ("1.36") that its module is named for.
func kubernetesTool(name, minor string) Tool {
	return Tool{Name: name, Module: kubernetesFolder + "/v" + minor, Package: "k8s.io/kubernetes/cmd/" + name, stamp: stampKubernetes}
}

// stampKubernetes sets the version that kubeadm and every client compare; the default is v0.0.0.
func stampKubernetes(version string) []string {
	const variables = "k8s.io/component-base/version."
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 3 {
		return []string{variables + "gitVersion=" + version}
	}
	return []string{variables + "gitVersion=" + version, variables + "gitMajor=" + parts[0], variables + "gitMinor=" + parts[1]}
}

// linkerFlags strips debugging data, which would double the size, and stamps the version.
func (t Tool) linkerFlags(version string) string {
	flags := []string{"-s", "-w"}
	if t.stamp != nil {
		for _, variable := range t.stamp(version) {
			flags = append(flags, "-X", variable)
		}
	}
	return strings.Join(flags, " ")
}

// title is the tool's name and version.
func (t Tool) title(version string) string {
	return fmt.Sprintf("%s %s", t.Name, strings.TrimPrefix(version, "v"))
}

// pinned is the import path whose module has the program's version.
func (t Tool) pinned() string {
	if t.pins != "" {
		return t.pins
	}
	return t.Package
}
