#!/bin/bash
# Installs containerd and the Kubernetes tools in exactly the configured versions, and holds them there.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

KEYRINGS=$ROOT/etc/apt/keyrings
# shellcheck source=/dev/null
SUITE=$(. "$ROOT/etc/os-release" && printf '%s' "$VERSION_CODENAME")

fetch_key() { curl -fsSL -m 30 -o "$2.new" "$1" && mv "$2.new" "$2"; }

fetch_keys() {
  local kubernetes containerd
  retry 8 fetch_key "$KUBERNETES_APT_KEY" "$KEYRINGS/kubernetes.asc" & kubernetes=$!
  retry 8 fetch_key "$CONTAINERD_APT_KEY" "$KEYRINGS/containerd.asc" & containerd=$!
  wait "$kubernetes" || fail "no signing key from $KUBERNETES_APT_KEY"
  wait "$containerd" || fail "no signing key from $CONTAINERD_APT_KEY"
}

apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"; }

mkdir -p "$KEYRINGS"
fetch_keys
echo "deb [signed-by=$KEYRINGS/kubernetes.asc] $KUBERNETES_APT /" |
  write_file "$ROOT/etc/apt/sources.list.d/kubernetes.list" 0644
echo "deb [signed-by=$KEYRINGS/containerd.asc] $CONTAINERD_APT $SUITE stable" |
  write_file "$ROOT/etc/apt/sources.list.d/containerd.list" 0644

packages=("containerd.io=$CONTAINERD_VERSION" "kubelet=$KUBERNETES_PACKAGE_VERSION" "kubeadm=$KUBERNETES_PACKAGE_VERSION" cri-tools)
kubectl=()
if [ "$NODE_ROLE" = control-plane ]; then
  kubectl=("kubectl=$KUBERNETES_PACKAGE_VERSION")
fi

dpkg --configure -a # an installation may have been cut off
# A list that could not be fetched must count as an error: by default apt only warns, and installs from what it has.
retry 8 apt -o APT::Update::Error-Mode=any update || fail "package lists could not be fetched"
retry 5 apt install -y --no-install-recommends --allow-downgrades --allow-change-held-packages "${packages[@]}" "${kubectl[@]}" ||
  fail "packages could not be installed: ${packages[*]} ${kubectl[*]}"
apt-mark hold containerd.io kubelet kubeadm "${kubectl[@]%%=*}"
