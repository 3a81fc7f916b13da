#!/bin/bash
# Installs containerd and kubeadm in exactly the configured versions, and holds them there.
# shellcheck source=apt.sh
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

KEYRINGS=$ROOT/etc/apt/keyrings
# shellcheck source=/dev/null
SUITE=$(. "$ROOT/etc/os-release" && printf '%s' "$VERSION_CODENAME")

# fetch_key URL FILE FINGERPRINT trusts a file that holds this one key and no other.
fetch_key() {
  curl -fsSL -m 30 -o "$2.new" "$1" &&
    [ "$(GNUPGHOME=$RUN gpg --show-keys --with-colons "$2.new" | awk -F: '$1 == "pub" { p = 1 } $1 == "fpr" && p { print $10; p = 0 }')" = "$3" ] &&
    mv "$2.new" "$2"
}

fetch_keys() {
  local kubernetes containerd
  retry 8 fetch_key "$KUBERNETES_APT_KEY" "$KEYRINGS/kubernetes.asc" "$KUBERNETES_FINGERPRINT" & kubernetes=$!
  retry 8 fetch_key "$CONTAINERD_APT_KEY" "$KEYRINGS/containerd.asc" "$CONTAINERD_FINGERPRINT" & containerd=$!
  wait "$kubernetes" || fail "no signing key $KUBERNETES_FINGERPRINT from $KUBERNETES_APT_KEY"
  wait "$containerd" || fail "no signing key $CONTAINERD_FINGERPRINT from $CONTAINERD_APT_KEY"
}

# On a first boot apt's daily work begins as well, fetches all lists and holds the locks. Step kubelet lets it begin.
systemctl stop apt-daily.timer apt-daily-upgrade.timer apt-daily.service || log "apt-daily could not be stopped"
mkdir -p "$KEYRINGS"
fetch_keys
echo "deb [signed-by=$KEYRINGS/kubernetes.asc] $KUBERNETES_APT /" |
  write_file "$ROOT/etc/apt/sources.list.d/kubernetes.list" 0644
echo "deb [signed-by=$KEYRINGS/containerd.asc] $CONTAINERD_APT $SUITE stable" |
  write_file "$ROOT/etc/apt/sources.list.d/containerd.list" 0644

own_lists
update
install_packages "containerd.io=$CONTAINERD_VERSION" "kubeadm=$KUBERNETES_PACKAGE_VERSION" cri-tools
apt-mark hold containerd.io kubeadm
