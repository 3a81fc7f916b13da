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

# A key is the only way in, and root has none. sshd takes the first value of an option that it reads.
mkdir -p "$ROOT/etc/ssh/sshd_config.d"
write_file "$ROOT/etc/ssh/sshd_config.d/00-keys-only.conf" 0644 <<'SSHD'
PermitRootLogin no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowAgentForwarding no
X11Forwarding no
MaxAuthTries 3
SSHD
! systemctl is-active -q ssh.service || systemctl reload ssh.service

swapoff -a
[ ! -e "$ROOT/etc/fstab" ] || sed -i -E '/^[^#].*[[:space:]]swap[[:space:]]/s/^/#/' "$ROOT/etc/fstab"
