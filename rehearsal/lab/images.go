package lab

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/growbin/cluster/rehearsal/lab/image"
	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// podImage is the image of the lab's own pod.
const podImage = "lab/hello:1"

// images returns the images that kubeadm names for the Kubernetes version, and that of the lab's own pod.
func (l *Lab) images(ctx context.Context) ([]image.Image, error) {
	output, err := exec.CommandContext(ctx, l.programs["kubeadm"], "config", "images", "list",
		"--kubernetes-version", "v"+l.settings.KubernetesVersion, "--image-repository", registryAddress).Output()
	if err != nil {
		return nil, fmt.Errorf("kubeadm config images list: %w", err)
	}
	hello, err := l.compile(ctx, "hello", helloSource)
	if err != nil {
		return nil, err
	}
	proxy, err := l.compile(ctx, "proxy", proxySource)
	if err != nil {
		return nil, err
	}
	images := []image.Image{{Name: podImage, Entrypoint: []string{"/hello"}, Files: []rootfs.File{rootfs.Program("/hello", hello)}}}
	for _, reference := range strings.Fields(string(output)) {
		name := strings.TrimPrefix(reference, registryAddress+"/")
		program, _, _ := strings.Cut(name, ":")
		described, err := l.image(program, hello, proxy)
		if err != nil {
			return nil, err
		}
		described.Name = name
		images = append(images, described)
	}
	return images, nil
}

// image describes the image of one of kubeadm's components.
func (l *Lab) image(component, pause, proxy string) (image.Image, error) {
	program, ok := l.programs[component]
	path := "/usr/local/bin/" + component
	switch {
	case component == "pause":
		return image.Image{Files: []rootfs.File{rootfs.Program("/pause", pause)}, Entrypoint: []string{"/pause"}}, nil
	case !ok:
		return image.Image{}, fmt.Errorf("the lab has no program for image %s of kubeadm", component)
	case component == "coredns":
		return image.Image{Files: []rootfs.File{rootfs.Program("/coredns", program)}, Entrypoint: []string{"/coredns"}}, nil
	case component == "kube-proxy":
		files, err := iptables(l.base)
		return image.Image{Files: append(files, rootfs.Program(path, proxy), rootfs.Program(realProxy, program))}, err
	}
	files := []rootfs.File{rootfs.Program(path, program)}
	if component == "etcd" {
		for _, name := range []string{"etcdctl", "etcdutl"} {
			files = append(files, rootfs.Program("/usr/local/bin/"+name, l.programs[name]))
		}
	}
	return image.Image{Files: files}, nil
}
