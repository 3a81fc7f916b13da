#!/bin/bash
# Prepares the kernel for containers and pod networking.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

printf '%s\n' overlay br_netfilter | write_file "$ROOT/etc/modules-load.d/kubernetes.conf" 0644
# Some kernels have them built in and no module to load.
grep -qw overlay /proc/filesystems || modprobe overlay
[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || modprobe br_netfilter

write_file "$ROOT/etc/sysctl.d/99-kubernetes.conf" 0644 <<'SYSCTL'
net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.ipv4.ip_forward = 1
fs.inotify.max_user_instances = 8192
SYSCTL
sysctl -p "$ROOT/etc/sysctl.d/99-kubernetes.conf"

# unattended-upgrades limits the delay of a shutdown to 30 s in a file that sorts after kubelet's, and kubelet then ends no pods in
# order. A link to /dev/null masks it, installed now or later.
mkdir -p "$ROOT/etc/systemd/logind.conf.d"
ln -sfn /dev/null "$ROOT/etc/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf"

# The hop limit keeps pods with a network of their own from the metadata service and its credentials. This keeps those on the host's
# network from it: by user, and by the slice of all pods, which holds root's as well.
imds=${IMDS_ENDPOINT#*://}
port=${imds#*:}
[ "$port" != "$imds" ] || port=80
rule="OUTPUT -d ${imds%%:*} -p tcp --dport $port -m owner ! --uid-owner 0 -j REJECT"
write_file "$ROOT/etc/systemd/system/kubeadm-metadata.service" 0644 <<UNIT
[Unit]
Description=Let root alone reach the instance metadata service
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'iptables -w -C $rule || iptables -w -I $rule'

[Install]
WantedBy=multi-user.target
UNIT
[ -n "$PODS_USE_ROLE" ] ||
  printf '[Slice]\nIPAddressDeny=%s\n' "${imds%%:*}" | write_file "$ROOT/etc/systemd/system/kubepods.slice.d/10-metadata.conf" 0644
systemctl daemon-reload
systemctl enable --now kubeadm-metadata.service

swapoff -a
[ ! -e "$ROOT/etc/fstab" ] || sed -i -E '/^[^#].*[[:space:]]swap[[:space:]]/s/^/#/' "$ROOT/etc/fstab"
