#!/bin/bash
# Waits for the second disk, formats it if it has never been used, and mounts it at DATA_MOUNT.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${DISK_WAIT:=600}" "${DISK_INTERVAL:=2}" # seconds; the volume is attached after the instance has started
MOUNT=$ROOT$DATA_MOUNT

# other_disks prints all disks but the one with the root file system.
other_disks() {
  lsblk -dnpo NAME,TYPE | awk -v root="/dev/$root" '$2 == "disk" && $1 != root { print $1 }'
}

# prepare DISK leaves an ext4 file system on it. Anything that is not certainly blank is kept.
prepare() {
  local kind
  kind=$(blkid -p -s TYPE -o value "$1") || kind=
  case $kind in
    ext4) log "$1 has an ext4 file system: kept" ;;
    '')
      blkid -p "$1" && fail "$1 holds something other than a file system: not touched"
      cmp -s -n 4096 "$1" /dev/zero || fail "$1 is not blank and has no known file system: not touched"
      mkfs.ext4 -q -L kubeadm-data "$1"
      ;;
    *) fail "$1 has a $kind file system, not ext4: not touched" ;;
  esac
}

root=$(lsblk -ndo PKNAME "$(findmnt -no SOURCE /)")
[ -n "$root" ] || fail "the disk of the root file system is unknown"
deadline=$((SECONDS + DISK_WAIT))
until disk=$(other_disks) && [ -n "$disk" ]; do
  [ "$SECONDS" -lt "$deadline" ] || fail "no second disk was attached within $DISK_WAIT s"
  sleep "$DISK_INTERVAL"
done
[ "$(wc -l <<<"$disk")" -eq 1 ] || fail "more than one disk beside the root disk: ${disk//$'\n'/ }"
prepare "$disk"
uuid=$(blkid -p -s UUID -o value "$disk")
mkdir -p "$MOUNT"
# nofail: a machine without its disk can still be reached. growfs: a volume that grew while the machine was off.
{
  grep -v "[[:space:]]${DATA_MOUNT}[[:space:]]" "$ROOT/etc/fstab" || true
  echo "UUID=$uuid $DATA_MOUNT ext4 defaults,nofail,x-systemd.growfs,x-systemd.device-timeout=300 0 2"
} | write_file "$ROOT/etc/fstab" 0644
# A volume that grows under a running machine: the kernel reports the new size of the disk.
printf 'ACTION=="change", SUBSYSTEM=="block", ENV{RESIZE}=="1", ENV{ID_FS_UUID}=="%s", RUN+="/usr/sbin/resize2fs %%N"\n' "$uuid" |
  write_file "$ROOT/etc/udev/rules.d/90-data-disk.rules" 0644
# Without its disk the kubelet must not run: pods would write their data to the root disk.
printf '[Unit]\nRequiresMountsFor=%s\n' "$DATA_MOUNT" | write_file "$ROOT/etc/systemd/system/kubelet.service.d/20-data-disk.conf" 0644
systemctl daemon-reload
mountpoint -q "$MOUNT" || mount "$DATA_MOUNT"
