#!/bin/bash
# Publishes the join data of workers: address and CA of the cluster, and a new token for 24 hours.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Runs beside bootstrap.sh when the timer starts it.
RUN=$RUN/renew-join
install -d -m 0700 "$RUN"

make_token() {
  kubeadm token create --ttl 24h0m0s --description "join data in $JOIN_PARAMETER" --kubeconfig "$ROOT/etc/kubernetes/admin.conf" >"$RUN/token"
}

retry 8 make_token || fail "kubeadm token create failed"
write_file "$RUN/join" 0600 <<YAML
apiVersion: v1
kind: Config
clusters:
- name: $CLUSTER_NAME
  cluster:
    server: https://$CONTROL_PLANE_IP:6443
    certificate-authority-data: $(base64 -w0 "$ROOT$STATE_DIR/pki/ca.crt")
users:
- name: join
  user:
    token: $(cat "$RUN/token")
contexts:
- name: join
  context:
    cluster: $CLUSTER_NAME
    user: join
current-context: join
YAML
retry 8 ssm_put "$JOIN_PARAMETER" SecureString "$RUN/join" || fail "the join data could not be published in $JOIN_PARAMETER"

# metrics are for node-exporter's textfile collector: the expiry of the token and of the certificates, by kubeadm's names.
metrics() {
  local file name end
  echo "kubeadm_bootstrap_token_expiry_timestamp_seconds $(($(date +%s) + 86400))"
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
systemctl enable --now kubeadm-renew-join.timer
