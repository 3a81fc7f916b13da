#!/bin/bash
# Runs kubeadm init. If STATE_DIR holds a cluster (the data disk of a lost instance), that cluster is recovered.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=archive.sh
. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

PKI=$ROOT$STATE_DIR/pki
ETCD=$ROOT$STATE_DIR/etcd
KEYS=$ROOT$STATE_DIR/encryption/keys.json
CONFIG=$ROOT/etc/kubeadm/kubeadm.yaml

# keep_authorities drops the certificates that the authorities issued: kubeadm issues them anew, for this machine.
keep_authorities() {
  local file
  for file in "${AUTHORITIES[@]}"; do
    [ -s "$PKI/$file" ] || fail "$ETCD holds a cluster, but $PKI/$file is missing: bring it back from a backup with restore.sh NAME"
  done
  rm -f "$PKI"/apiserver* "$PKI"/front-proxy-client.* "$PKI"/etcd/{server,peer,healthcheck-client}.*
}

# encryption_key leaves the keys of Secrets on the data disk. SSM holds them too, apart from the backups, before any Secret is
# encrypted with them: a cluster that is restored onto a blank disk needs them. A new instance writes them again, so that they are
# encrypted with the present key of KMS.
encryption_key() {
  if [ -s "$KEYS" ]; then
    ssm_put "$ENCRYPTION_PARAMETER" SecureString "$KEYS" || log "$ENCRYPTION_PARAMETER was not written again"
  else
    ssm_get "$ENCRYPTION_PARAMETER" >"$RUN/encryption" || return 1
    if ! grep -q secretbox "$RUN/encryption"; then
      ! grep -aqs k8s:enc:secretbox "$ETCD/member/snap/db" || fail "Secrets are encrypted, but neither $KEYS nor $ENCRYPTION_PARAMETER has their key"
      printf '{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration","resources":[{"resources":["secrets"],"providers":[{"secretbox":{"keys":[{"name":"%s","secret":"%s"}]}},{"identity":{}}]}]}' \
        "$(date -u +%Y%m%dT%H%M%SZ)" "$(head -c 32 /dev/urandom | base64)" >"$RUN/encryption"
      ssm_put "$ENCRYPTION_PARAMETER" SecureString "$RUN/encryption" || return 1
    fi
    write_file "$KEYS" 0600 <"$RUN/encryption"
    rm "$RUN/encryption"
    sync "$KEYS"
  fi
  chmod 0700 "${KEYS%/*}"
}

# close_bootstrap removes all that kubeadm leaves for joining with a token: approve.sh alone lets a node in, by its instance.
close_bootstrap() {
  local kube=(kubectl --kubeconfig "$ROOT/etc/kubernetes/admin.conf") gone=(--ignore-not-found --wait=false)
  "${kube[@]}" delete "${gone[@]}" clusterrolebinding kubeadm:kubelet-bootstrap kubeadm:node-autoapprove-bootstrap kubeadm:get-nodes &&
    "${kube[@]}" delete "${gone[@]}" -n kube-public rolebinding kubeadm:bootstrap-signer-clusterinfo &&
    "${kube[@]}" delete "${gone[@]}" -n kube-system secret --field-selector type=bootstrap.kubernetes.io/token
}

umask 077 # kubeadm leaves certificates and the configuration of kubelet readable by all
systemctl enable kubelet
retry 8 kubelet_flags
forget_attempt
if [ -d "$ETCD/member" ]; then
  log "a cluster was found in $STATE_DIR: bringing it back"
  keep_authorities
else
  rm -rf "$PKI" "$ETCD" # of an attempt that ended before etcd had data
fi

retry 8 encryption_key || fail "the keys of Secrets could not be read from or written to $ENCRYPTION_PARAMETER"
retry 5 kubeadm config images pull --config "$CONFIG" || fail "images could not be pulled from $IMAGE_REPOSITORY"
# The token of init is worth nothing, but looks as if it were: keep it out of the console log.
kubeadm init --config "$CONFIG" --skip-token-print --ignore-preflight-errors="DirAvailable-${STATE_DIR//\//-}-etcd"
rm -f "$ROOT/etc/kubernetes/super-admin.conf" # its group has all rights, whatever RBAC says
retry 5 close_bootstrap || fail "the objects for joining with a token could not be deleted"
systemctl enable --now kubeadm-approve.service
[ -z "$BACKUP_BUCKET" ] || systemctl enable --now kubeadm-backup.timer
