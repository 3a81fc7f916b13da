#!/bin/bash
# Removes the files that must not be in an image of this machine. The last step: the machine is shut down next.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The next machine's cloud-init writes these anew; nothing must run before it has.
systemctl disable kubeadm-bootstrap.service kubelet.service
rm -rf "$ROOT/etc/kubeadm" "$ROOT/etc/containerd/certs.d" "$ROOT/etc/hostname" "$STATE/failed"
apt-get clean
cloud-init clean --logs --seed --machine-id
rm -f "$ROOT"/etc/ssh/ssh_host_* "$ROOT"/{root,home/*}/.ssh/authorized_keys "$ROOT"/{root,home/*}/.bash_history "$ROOT/var/lib/systemd/random-seed"
rm -rf "$ROOT"/var/log/journal/* "$ROOT"/var/lib/amazon/ssm/* "$ROOT"/var/snap/amazon-ssm-agent/common/* "$ROOT"/var/lib/dhcp/*
journalctl --rotate --vacuum-time=1s || log "the journal could not be emptied"
