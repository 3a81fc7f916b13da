package lab

import (
	"debug/elf"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// iptables returns the programs that kube-proxy and kube-router run, and the libraries that they load, from the base system.
func iptables(base string) ([]rootfs.File, error) {
	files := []rootfs.File{{Path: "/usr/sbin/iptables", Link: "xtables-nft-multi"}}
	for _, name := range []string{"iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"} {
		files = append(files, rootfs.File{Path: "/usr/sbin/" + name, Link: "xtables-nft-multi"})
	}
	const libraries = "/usr/lib/x86_64-linux-gnu"
	programs := []string{"/usr/sbin/xtables-nft-multi", "/usr/sbin/conntrack", "/usr/sbin/ipset"}
	extensions, err := filepath.Glob(filepath.Join(base, libraries, "xtables", "*.so"))
	if err != nil {
		return nil, fmt.Errorf("listing the extensions of iptables: %w", err)
	}
	for _, extension := range extensions {
		programs = append(programs, strings.TrimPrefix(extension, base))
	}
	needed := map[string]bool{}
	for _, program := range programs {
		files = append(files, rootfs.Program(program, filepath.Join(base, program)))
		if err := addLibraries(base, libraries, program, needed); err != nil {
			return nil, err
		}
	}
	for name := range needed {
		files = append(files, rootfs.Program(libraries+"/"+name, filepath.Join(base, libraries, name)))
	}
	slices.SortFunc(files, func(a, b rootfs.File) int { return strings.Compare(a.Path, b.Path) })
	// The programs refer to their loader by this path.
	return append(files, rootfs.Program("/lib64/ld-linux-x86-64.so.2", filepath.Join(base, libraries, "ld-linux-x86-64.so.2"))), nil
}

// addLibraries adds the libraries that a program loads, and those that they load.
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
