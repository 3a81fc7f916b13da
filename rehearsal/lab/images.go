package lab

import (
	"context"
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/growbin/cluster/rehearsal/lab/archive"
	"github.com/growbin/cluster/rehearsal/lab/image"
)

// podImage is the image of the lab's own pod.
const podImage = "lab/hello:1"

// images makes every image that kubeadm names for the version, under exactly these names, and one for a pod of ours.
func (l *Lab) images(ctx context.Context, base string) ([]image.Image, error) {
	output, err := exec.CommandContext(ctx, l.programs["kubeadm"], "config", "images", "list",
		"--kubernetes-version", "v"+l.settings.KubernetesVersion, "--image-repository", registryAddress).Output()
	if err != nil {
		return nil, fmt.Errorf("asking kubeadm for its images: %w", err)
	}
	hello, err := l.compile(ctx, "hello", helloSource)
	if err != nil {
		return nil, err
	}
	proxy, err := l.compile(ctx, "proxy", proxySource)
	if err != nil {
		return nil, err
	}
	all := []image.Image{{Name: podImage, Entrypoint: []string{"/hello"}, Files: []archive.File{archive.Program("/hello", hello)}}}
	for _, reference := range strings.Fields(string(output)) {
		name := strings.TrimPrefix(reference, registryAddress+"/")
		program, _, _ := strings.Cut(name, ":")
		made, err := l.image(program, base, hello, proxy)
		if err != nil {
			return nil, err
		}
		made.Name = name
		all = append(all, made)
	}
	return all, nil
}

func (l *Lab) image(program, base, pause, proxy string) (image.Image, error) {
	at := "/usr/local/bin/" + program
	made := image.Image{Files: []archive.File{archive.Program(at, l.programs[program])}}
	switch program {
	case "pause": // ends at once when it is asked to, and does nothing until then
		made.Files, made.Entrypoint = []archive.File{archive.Program("/pause", pause)}, []string{"/pause"}
	case "coredns":
		made.Files, made.Entrypoint = []archive.File{archive.Program("/coredns", l.programs[program])}, []string{"/coredns"}
	case "etcd":
		for _, name := range []string{"etcdctl", "etcdutl"} {
			made.Files = append(made.Files, archive.Program("/usr/local/bin/"+name, l.programs[name]))
		}
	case "kube-proxy":
		tables, err := iptables(base)
		if err != nil {
			return image.Image{}, err
		}
		made.Files = append(tables, archive.Program(at, proxy), archive.Program(at+".real", l.programs[program]))
	}
	if program != "pause" && l.programs[program] == "" {
		return image.Image{}, fmt.Errorf("kubeadm needs the image %s, which the lab cannot make", program)
	}
	return made, nil
}

// iptables are the programs that kube-proxy calls, with the libraries that they load, taken from Debian's packages.
func iptables(base string) ([]archive.File, error) {
	files := []archive.File{{Path: "/usr/sbin/iptables", Link: "xtables-nft-multi"}}
	for _, name := range []string{"iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"} {
		files = append(files, archive.File{Path: "/usr/sbin/" + name, Link: "xtables-nft-multi"})
	}
	const libraries = "/usr/lib/x86_64-linux-gnu"
	programs := []string{"/usr/sbin/xtables-nft-multi", "/usr/sbin/conntrack"}
	extensions, err := filepath.Glob(filepath.Join(base, libraries, "xtables", "*.so"))
	if err != nil {
		return nil, fmt.Errorf("listing the extensions of iptables: %w", err)
	}
	for _, extension := range extensions {
		programs = append(programs, strings.TrimPrefix(extension, base))
	}
	needed := map[string]bool{}
	for _, program := range programs {
		files = append(files, archive.Program(program, filepath.Join(base, program)))
		if err := addLibraries(base, libraries, program, needed); err != nil {
			return nil, err
		}
	}
	for name := range needed {
		files = append(files, archive.Program(libraries+"/"+name, filepath.Join(base, libraries, name)))
	}
	slices.SortFunc(files, func(a, b archive.File) int { return strings.Compare(a.Path, b.Path) })
	// The programs name their loader by this path.
	return append(files, archive.Program("/lib64/ld-linux-x86-64.so.2", filepath.Join(base, libraries, "ld-linux-x86-64.so.2"))), nil
}

// addLibraries adds what a program loads, and what that loads.
func addLibraries(base, libraries, program string, needed map[string]bool) error {
	file, err := elf.Open(filepath.Join(base, program))
	if err != nil {
		return fmt.Errorf("reading %s: %w", program, err)
	}
	defer file.Close()
	names, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("reading %s: %w", program, err)
	}
	for _, name := range names {
		if needed[name] {
			continue
		}
		needed[name] = true
		if err := addLibraries(base, libraries, libraries+"/"+name, needed); err != nil {
			return err
		}
	}
	return nil
}
