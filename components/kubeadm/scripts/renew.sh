#!/bin/bash
# Reports when the control plane's certificates expire. Runs at boot and from a timer.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Runs beside bootstrap.sh when the timer starts it.
RUN=$RUN/renew
install -d -m 0700 "$RUN"

# metrics are for node-exporter's textfile collector, by kubeadm's names of the certificates.
metrics() {
  local file name end
  for file in "$ROOT$STATE_DIR"/pki/*.crt "$ROOT$STATE_DIR"/pki/etcd/*.crt; do
    [ -s "$file" ] || continue
    name=${file#"$ROOT$STATE_DIR"/pki/}
    name=${name%.crt}
    end=$(openssl x509 -noout -enddate -in "$file") || continue
    echo "kubeadm_certificate_expiry_timestamp_seconds{certificate=\"${name//\//-}\"} $(date -d "${end#notAfter=}" +%s)"
  done
}

install -d -m 0755 "$ROOT/var/lib/node-exporter"
metrics >"$RUN/metrics"
write_file "$ROOT/var/lib/node-exporter/kubeadm.prom" 0644 <"$RUN/metrics"
rm -rf "$RUN"
systemctl enable --now kubeadm-renew.timer
