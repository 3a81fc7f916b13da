#!/bin/bash
# Configures containerd 2 for kubelet. The package's own configuration switches the CRI plugin off.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# kubeadm lists the pause image of its version; any other would be pulled beside it, and garbage-collected.
pause=$(kubeadm config images list --kubernetes-version "v$KUBERNETES_VERSION" --image-repository "$IMAGE_REPOSITORY" | grep '/pause:') ||
  fail "kubeadm config images list has no pause image"

write_file "$ROOT/etc/containerd/config.toml" 0644 <<TOML
version = 3
disabled_plugins = []

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '$pause'

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
TOML
echo 'runtime-endpoint: unix:///run/containerd/containerd.sock' | write_file "$ROOT/etc/crictl.yaml" 0644

# Containers inherit the limit, and the package leaves systemd's 1024, which is too low for RabbitMQ.
printf '[Service]\nLimitNOFILE=65536:524288\n' | write_file "$ROOT/etc/systemd/system/containerd.service.d/10-limits.conf" 0644
systemctl daemon-reload
systemctl enable containerd
systemctl restart containerd
retry 8 crictl info >"$RUN/cri" || fail "containerd does not respond"
