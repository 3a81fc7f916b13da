#!/bin/bash
# Fetches the images that this machine will need: kubeadm's for its role, and those named in IMAGES.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# warm reads an image that came with the machine image. Its volume is filled from a snapshot block by block as it is read,
# which takes long for one reader and not for many.
warm() {
  local mounted
  mounted=$(mktemp -d "$RUN/image.XXXXXX") # containerd never mounts at the same place again, not even after a reboot
  ctr -n k8s.io images mount "$1" "$mounted" || return 0
  find "$mounted" -type f -print0 | xargs -0 -r -n 8 -P 16 cat >/dev/null || true
  ctr -n k8s.io images unmount --rm "$mounted" || true
}

own=.
[ "$NODE_ROLE" != worker ] || own='/(pause|kube-proxy):'
listed=$(kubeadm config images list --kubernetes-version "v$KUBERNETES_VERSION" --image-repository "$IMAGE_REPOSITORY" | grep -E "$own") ||
  fail "kubeadm config images list failed"
missing=()
for image in $listed $IMAGES; do
  # By its ID: ctr knows no short names, and no tag beside a digest.
  if id=$(crictl inspecti -o go-template --template '{{.status.id}}' "$image" 2>/dev/null); then
    [ "$NODE_ROLE" = image ] || warm "$id"
  else
    retry 3 crictl pull "$image" || missing+=("$image")
  fi
done
[ ${#missing[@]} -eq 0 ] || fail "images could not be pulled: ${missing[*]}"
