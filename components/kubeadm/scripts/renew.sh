#!/bin/bash
# Renews the control plane's certificates 90 days before the first of them ends, and restarts its static pods one by one, since
# these read their certificates when they start. Reports when each ends. Runs at boot and from a timer.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Runs beside bootstrap.sh when the timer starts it.
RUN=$RUN/renew
install -d -m 0700 "$RUN"

: "${RENEW_DAYS:=90}" "${POD_WAIT:=180}" "${POD_INTERVAL:=2}" # days; seconds
PKI=$ROOT$STATE_DIR/pki
# Exists from the renewal until all pods run with the new certificates, also after a power failure.
PENDING=$STATE/certificates.renewed

# due is true when a certificate that kubeadm renews ends too soon. Authorities last ten years.
due() {
  local file
  for file in "$PKI"/*.crt "$PKI"/etcd/*.crt; do
    case $file in */ca.crt | */front-proxy-ca.crt) continue ;; esac
    [ -s "$file" ] || continue
    openssl x509 -noout -checkend $((RENEW_DAYS * 86400)) -in "$file" >"$RUN/checkend" || return 0
  done
  return 1
}

# running NAME prints the ID of the pod's container.
running() { crictl ps --name "^$1\$" --state Running -q | head -n 1; }

# restart_pod NAME URL stops the container, which kubelet starts again, and waits until it is healthy.
restart_pod() {
  local before now deadline=$((SECONDS + POD_WAIT))
  before=$(running "$1") || fail "containerd does not respond"
  [ -z "$before" ] || crictl stop --timeout 30 "$before" >"$RUN/stopped" || fail "$1 could not be stopped"
  until now=$(running "$1") && [ -n "$now" ] && [ "$now" != "$before" ] && curl -fsSk -m 5 --noproxy '*' -o "$RUN/health" "$2" 2>"$RUN/problem"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1 is not healthy $POD_WAIT s after its restart with a new certificate: $(start_of "$RUN/problem")"
    sleep "$POD_INTERVAL"
  done
  log "$1 runs with its new certificate"
}

umask 077
if due; then
  log "a certificate ends in less than $RENEW_DAYS days: renewing all"
  touch "$PENDING"
  kubeadm certs renew all --config "$ROOT/etc/kubeadm/kubeadm.yaml" >"$RUN/renewed" || fail "kubeadm certs renew failed"
fi
if [ -e "$PENDING" ]; then
  restart_pod etcd http://127.0.0.1:2381/health
  restart_pod kube-apiserver https://127.0.0.1:6443/readyz
  restart_pod kube-controller-manager https://127.0.0.1:10257/healthz
  restart_pod kube-scheduler https://127.0.0.1:10259/healthz
  rm "$PENDING"
fi

# metrics are for node-exporter's textfile collector, by kubeadm's names of the certificates.
metrics() {
  local file name end
  for file in "$PKI"/*.crt "$PKI"/etcd/*.crt; do
    [ -s "$file" ] || continue
    name=${file#"$PKI"/}
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
