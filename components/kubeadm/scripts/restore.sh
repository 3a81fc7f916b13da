#!/bin/bash
# Restores a backup. As a step of the boot: the latest one, onto a disk without a cluster; pulumi up lends a new machine the right
# to read it. By hand: `restore.sh NAME` on this machine, whose present data is kept, with a presigned URL of the backup on the
# standard input; `restore.sh --list` prints the names.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=archive.sh
. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

KEYS=$RUN
RUN=$RUN/restore
install -d -m 0700 "$RUN"
umask 077
DISK=$ROOT$STATE_DIR
WORK=$DISK/restore   # on its way
READY=$DISK/restored # complete: it only has to be put into place

# say reports progress as the node's status; only a booting node does.
say() {
  log "$1"
  RUN=$KEYS report 3 Booting restore "$1" || log "the status could not be reported"
}

list() { retry "$S3_ATTEMPTS" s3_list || fail "the backups in bucket $BACKUP_BUCKET could not be listed: $(start_of "$RUN/answer")"; }

# check reads the manifest: the backup must be of this cluster, whole, and for the etcd that will run.
check() {
  local facts cluster kubernetes
  facts=$(python3 -IS -c '
import json, sys
m = json.load(open("manifest.json"))
with open(sys.argv[1], "w") as sums:
    for part in sys.argv[2:]:
        print(m["sha256"][part] + "  " + part, file=sums)
print(m["name"], m["cluster"], m["kubernetesVersion"], m["etcdVersion"])' "$RUN/sums" "${PARTS[@]}") || fail "the backup's manifest cannot be read"
  read -r name cluster kubernetes etcd <<<"$facts"
  sha256sum -c --quiet --strict "$RUN/sums" || fail "backup $name is damaged: a checksum does not match"
  [ "$cluster" = "$CLUSTER_NAME" ] || fail "backup $name is of cluster $cluster, this is $CLUSTER_NAME"
  # Tags are like 3.6.8-0. A snapshot is only good for the minor version that made it.
  [ "${etcd%.*}" = "$(sed -E 's/.*:v?([0-9]+\.[0-9]+)\..*/\1/' <<<"$image")" ] ||
    fail "backup $name was made by etcd $etcd, but Kubernetes $KUBERNETES_VERSION runs $image: set Kubernetes to $kubernetes, restore, then upgrade"
  [ "$(printf '%s\n' "${kubernetes%.*}" "${KUBERNETES_VERSION%.*}" | sort -V | tail -n 1)" = "${KUBERNETES_VERSION%.*}" ] ||
    fail "backup $name was made by Kubernetes $kubernetes, which is newer than $KUBERNETES_VERSION"
}

# fetch KEY leaves an archive here. This machine may read none by itself but for the time after its creation.
fetch() {
  if [ -n "${url:-}" ]; then
    # Not as an argument, which every process could read.
    printf 'url = "%s"\n' "$url" | curl -sS --fail-with-body -m "$S3_TIMEOUT" -o archive -K -
  else
    s3_get "$1" archive
  fi
}

# prepare KEY unpacks an archive and restores its snapshot beside the data in use.
prepare() {
  local image mounted name etcd peer=https://$CONTROL_PLANE_IP:2380
  rm -rf "$WORK"
  mkdir -p "$WORK"
  cd "$WORK"
  retry "$S3_ATTEMPTS" fetch "$1" || fail "$1 could not be fetched from bucket $BACKUP_BUCKET: $(start_of archive)"
  tar -xzf archive --no-same-owner --no-same-permissions -- manifest.json "${PARTS[@]}" || fail "$1 is not a complete backup"
  rm archive
  image=$(kubeadm config images list --kubernetes-version "v$KUBERNETES_VERSION" --image-repository "$IMAGE_REPOSITORY" | grep '/etcd:') || fail "kubeadm config images list has no etcd image"
  check
  log "restoring backup $name"
  retry 5 crictl pull "$image" || fail "$image could not be pulled"
  # The image's own etcdutl needs nothing but a kernel.
  mounted=$(mktemp -d "$RUN/etcd.XXXXXX") # containerd never mounts at the same place again, not even after a reboot
  ctr -n k8s.io images mount "$image" "$mounted" || fail "$image could not be mounted"
  # Clients must not see a revision twice: the bump exceeds all revisions since the backup, and older ones are compacted.
  "$mounted/usr/local/bin/etcdutl" snapshot restore snapshot.db --data-dir etcd --name "$NODE_NAME" --initial-cluster "$NODE_NAME=$peer" \
    --initial-advertise-peer-urls "$peer" --bump-revision 1000000000 --mark-compacted || fail "backup $name could not be restored by etcdutl"
  ctr -n k8s.io images unmount --rm "$mounted" || log "$mounted stays mounted until the next boot"
  rm snapshot.db
  printf '%s\n' "$name" >name
  printf 'before-restore-%s\n' "$(date -u +%Y%m%dT%H%M%SZ)" >kept
  sync -f "$DISK"
  cd /
}

# put_into_place swaps the prepared data in by renames; a power failure may follow any of them.
put_into_place() {
  local part kept name
  kept=$DISK/$(cat "$READY/kept")
  name=$(cat "$READY/name")
  forget_attempt
  for part in pki etcd; do
    [ -e "$READY/$part" ] || continue
    if [ -e "$DISK/$part" ]; then
      mkdir -p "$kept"
      mv "$DISK/$part" "$kept/$part"
    fi
    mv "$READY/$part" "$DISK/$part"
  done
  sync -f "$DISK"
  rm -rf "$READY"
  say "restored backup $name"
  RUN=$KEYS STATUS_PARAMETER=$BACKUP_PARAMETER report 3 Ready restore "$name" || log "the restore could not be reported"
}

case ${1:-} in
  '')
    if [ -e "$READY" ]; then
      put_into_place
    elif [ -n "$BACKUP_BUCKET" ] && [ ! -d "$DISK/etcd/member" ]; then
      list
      if grep -qx "$LATEST" "$RUN/found"; then
        say "the disk is blank: restoring the latest backup"
        prepare "$LATEST"
        mv "$WORK" "$READY"
        put_into_place
      else
        log "no backup of this cluster: creating a new one"
      fi
    fi
    ;;
  --list)
    list
    sed -n "s#^$HISTORY\(.*\)\.tar\.gz\$#\1#p" "$RUN/found"
    ;;
  *)
    list
    grep -qx "$HISTORY$1.tar.gz" "$RUN/found" || fail "there is no backup $1 in bucket $BACKUP_BUCKET; restore.sh --list prints all"
    log "paste a presigned URL of $HISTORY$1.tar.gz"
    IFS= read -r url || [ -n "$url" ] || fail "there is no URL on the standard input: make one with aws s3 presign"
    rm -rf "$READY"
    prepare "$HISTORY$1.tar.gz"
    # The boot continues from here, also after a power failure.
    rm -f "$STATE"/{restore,control-plane,renew,publish,ready}.done
    mv "$WORK" "$READY"
    systemctl restart kubeadm-bootstrap.service
    ;;
esac
