# shellcheck shell=bash
# Shared by backup.sh and restore.sh: the content of an archive and its keys in S3.

# The key pairs that make a cluster the same cluster; kubeadm makes all others from them.
AUTHORITIES=(ca.crt ca.key sa.key sa.pub front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key)
# shellcheck disable=SC2034 # used by those who read this file
PARTS=(snapshot.db "${AUTHORITIES[@]/#/pki/}")
# The latest archive has a place of its own, where no lifecycle rule expires it.
# shellcheck disable=SC2034
LATEST=etcd/latest.tar.gz HISTORY=etcd/history/

: "${S3_ATTEMPTS:=8}" "${S3_TIMEOUT:=900}" # seconds for one archive

# s3 SUBJECT ANSWER PATH ARGUMENT... makes one call on $BUCKET, by default that of backups.
: "${BUCKET:=$BACKUP_BUCKET}"
s3() { signed s3 "S3 $1" "$2" -m "$S3_TIMEOUT" "${@:4}" "$S3_ENDPOINT/$BUCKET$3"; }

# s3_put FILE KEY: S3 refuses content that has another checksum than the signed one.
s3_put() {
  local hex base64
  hex=$(sha256sum <"$1") && base64=$(openssl dgst -sha256 -binary "$1" | base64 -w0) || return 1
  s3 "PutObject $2" "$RUN/answer" "/$2" -T "$1" -H "x-amz-content-sha256: ${hex%% *}" -H "x-amz-checksum-sha256: $base64"
}

s3_get() { s3 "GetObject $1" "$2" "/$1" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'; }

# s3_list leaves the keys of all archives in $RUN/found. A missing key differs from a denied one.
s3_list() {
  s3 ListObjectsV2 "$RUN/answer" '/?list-type=2&prefix=etcd%2F' -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' &&
    python3 -IS -c 'import re, sys; print("\n".join(re.findall("<Key>([^<]*)</Key>", sys.stdin.read())))' <"$RUN/answer" >"$RUN/found"
}
