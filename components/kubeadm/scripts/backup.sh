#!/bin/bash
# Saves etcd's data and the certificate authorities to S3. restore.sh restores them.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=archive.sh
. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

# Runs beside bootstrap.sh, and reports to a parameter of its own.
RUN=$RUN/backup STATUS_PARAMETER=$BACKUP_PARAMETER
install -d -m 0700 "$RUN"
umask 077
NAME=$(date -u +%Y%m%dT%H%M%SZ)
DISK=$ROOT$STATE_DIR
WORK=$DISK/backup
PKI=$STATE_DIR/pki/etcd
SNAPSHOT=$STATE_DIR/etcd/backup.db # the container of etcd can write nowhere else

finish() {
  local code=$?
  rm -rf "$WORK" "$ROOT$SNAPSHOT" "$ROOT$SNAPSHOT.part"
  [ "$code" -eq 0 ] || report "$S3_ATTEMPTS" Failed backup "${REASON:-see the log of kubeadm-backup.service}" || log "the failure could not be reported"
  rm -rf "$RUN"
}
trap finish EXIT

in_etcd() { crictl exec "$container" "$@"; }

# room fails when the disk might fill up: etcd would stop.
room() {
  local size free
  size=$(stat -c %s "$DISK/etcd/member/snap/db")
  free=$(df -B1 --output=avail "$DISK" | tail -n 1)
  [ "$free" -gt $((2 * size + (64 << 20))) ] || fail "$STATE_DIR has $((free >> 20)) MiB left: too little for a copy of etcd's $((size >> 20)) MiB"
}

manifest() {
  local id
  id=$(retry 8 instance_id) || return 1
  sha256sum "${PARTS[@]}" | python3 -IS -c '
import json, sys
status = json.load(open(sys.argv[1]))
print(json.dumps(dict(zip(("name", "cluster", "instanceId", "kubernetesVersion", "etcdVersion"), sys.argv[2:]),
  revision=status["revision"], totalKeys=status["totalKey"], sha256={file: sum for sum, file in map(str.split, sys.stdin)})))' \
    "$RUN/status" "$NAME" "$CLUSTER_NAME" "$id" "$KUBERNETES_VERSION" "$version"
}

rm -rf "$WORK" "$ROOT$SNAPSHOT" "$ROOT$SNAPSHOT.part" # of a backup that was cut off
container=$(crictl ps --name '^etcd$' --state Running -q | head -n 1) || fail "containerd does not respond"
[ -n "$container" ] || fail "etcd is not running on this instance"
room
version=$(in_etcd etcd --version | sed -n 's/^etcd Version: //p') || fail "the version of etcd could not be read"
in_etcd etcdctl --endpoints=https://127.0.0.1:2379 --cacert="$PKI/ca.crt" --cert="$PKI/healthcheck-client.crt" --key="$PKI/healthcheck-client.key" \
  snapshot save "$SNAPSHOT" || fail "etcdctl snapshot save failed"
in_etcd etcdutl snapshot status -w json "$SNAPSHOT" >"$RUN/status" || fail "etcd's snapshot is damaged"
mkdir "$WORK"
mv "$ROOT$SNAPSHOT" "$WORK/snapshot.db"
ln -s "$DISK/pki" "$WORK/pki"
cd "$WORK"
manifest >manifest.json || fail "the backup's manifest could not be written"
tar -czhf archive manifest.json "${PARTS[@]}" || fail "the backup could not be packed on $STATE_DIR"
rm snapshot.db
for key in "$HISTORY$NAME.tar.gz" "$LATEST"; do
  retry "$S3_ATTEMPTS" s3_put archive "$key" || fail "the backup could not be stored as $key in bucket $BACKUP_BUCKET: $(start_of "$RUN/answer")"
done

install -d -m 0755 "$ROOT/var/lib/node-exporter"
echo "kubeadm_etcd_backup_last_success_timestamp_seconds $(date +%s)" | write_file "$ROOT/var/lib/node-exporter/etcd-backup.prom" 0644
log "backup $NAME is stored in $BACKUP_BUCKET, $(stat -c %s archive) bytes"
report 3 Ready backup "$NAME" || log "the success could not be reported"
