package stacks

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/kubeadm"
)

// Package repositories that can have a mirror.
const (
	mirrorKubernetes = "kubernetes"
	mirrorContainerd = "containerd"
	mirrorUbuntu     = "ubuntu"
)

// sources returns the addresses that instances download from: those of a lab, else the mirrors, else the public ones.
func (s *Settings) sources() kubeadm.Sources {
	out := s.Sources
	if mirror := s.PackageMirrors[mirrorKubernetes]; mirror != "" {
		repository := kubeadm.KubernetesAPT(mirror, kubeadm.Minor(s.KubernetesVersion))
		out.KubernetesAPT = cmp.Or(out.KubernetesAPT, repository)
		out.KubernetesAPTKey = cmp.Or(out.KubernetesAPTKey, repository+"Release.key")
	}
	if mirror := strings.TrimSuffix(s.PackageMirrors[mirrorContainerd], "/"); mirror != "" {
		out.ContainerdAPT = cmp.Or(out.ContainerdAPT, mirror)
		out.ContainerdAPTKey = cmp.Or(out.ContainerdAPTKey, mirror+"/gpg")
	}
	out.UbuntuAPT = s.PackageMirrors[mirrorUbuntu]
	out.ImageMirrors = s.ImageMirrors
	return out
}

func (s *Settings) validateMirrors(r *settingsReader) {
	const mustBe = "must be an http or https URL without user, query and spaces, e.g. https://packages.example.com/kubernetes"
	for _, repository := range slices.Sorted(maps.Keys(s.PackageMirrors)) {
		if !slices.Contains([]string{mirrorKubernetes, mirrorContainerd, mirrorUbuntu}, repository) {
			r.invalid("packageMirrors", repository, "must name one of %s, %s, %s", mirrorKubernetes, mirrorContainerd, mirrorUbuntu)
		}
		if mirror := s.PackageMirrors[repository]; !kubeadm.IsMirror(mirror) {
			r.invalid("packageMirrors", mirror, mustBe)
		}
	}
	for _, registry := range slices.Sorted(maps.Keys(s.ImageMirrors)) {
		if !kubeadm.IsRegistry(registry) {
			r.invalid("imageMirrors", registry, "must be the registry in the images' names, e.g. docker.io or registry.k8s.io")
		}
		if mirror := s.ImageMirrors[registry]; !kubeadm.IsMirror(mirror) {
			r.invalid("imageMirrors", mirror, "must be an http or https URL without user, query and spaces, e.g. https://registry.example.com/docker")
		}
	}
}
