#!/bin/bash
# Installs kubelet, and kubectl but on workers, in exactly the configured version, and holds them there. Apart from the other
# packages, so that images are fetched meanwhile.
# shellcheck source=apt.sh
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

names=(kubelet)
[ "$NODE_ROLE" = worker ] || names+=(kubectl)
own_lists
install_packages "${names[@]/%/=$KUBERNETES_PACKAGE_VERSION}"
apt-mark hold "${names[@]}"
chmod 600 "$ROOT/usr/lib/systemd/system/kubelet.service"
# kubelet's package depends on iptables.
systemctl enable --now kubeadm-metadata.service
systemctl start apt-daily.timer apt-daily-upgrade.timer || log "apt-daily could not be started"
