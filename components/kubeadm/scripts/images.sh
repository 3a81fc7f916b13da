#!/bin/bash
# Fetches the images that this machine will need: kubeadm's for its role, and those named in IMAGES.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

own=.
[ "$NODE_ROLE" != worker ] || own='/(pause|kube-proxy):'
listed=$(kubeadm config images list --kubernetes-version "v$KUBERNETES_VERSION" --image-repository "$IMAGE_REPOSITORY" | grep -E "$own") ||
  fail "kubeadm names no images"
missing=()
for image in $listed $IMAGES; do
  crictl inspecti -q "$image" >"$RUN/image" 2>&1 || retry 3 crictl pull "$image" || missing+=("$image")
done
[ ${#missing[@]} -eq 0 ] || fail "images could not be pulled: ${missing[*]}"
