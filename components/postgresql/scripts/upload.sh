#!/bin/bash
# Copies the latest dump of one database to a bucket, which encrypts it with its own key, and compares the copy with the file.
# Exit code 0 means that the bucket holds it whole.
#
# DATABASE          name of the database
# BACKUP_DIR        directory with a directory of dumps per database
# BUCKET            name of the bucket; the key is <database>/<file>
# AWS_CONFIG_FILE   configuration of the AWS CLI, whose credentials are those of the environment
set -euo pipefail

: "${DATABASE:?}" "${BACKUP_DIR:?}" "${BUCKET:?}"

# Names sort like times.
dumps=("${BACKUP_DIR}/${DATABASE}"/*.dump)
dump=${dumps[-1]}
if [[ ! -s "${dump}" ]]; then
    echo "upload: there is no dump in ${BACKUP_DIR}/${DATABASE}" >&2
    exit 1
fi
key="${DATABASE}/${dump##*/}"
size=$(stat --format=%s "${dump}")
sum=$(sha256sum "${dump}")
sum=${sum%% *}

# S3 compares its own checksum of each part with that of the CLI. The metadata is for whoever restores the dump.
aws s3 cp --only-show-errors --metadata "sha256=${sum}" "${dump}" "s3://${BUCKET}/${key}"

found=$(aws s3api head-object --bucket "${BUCKET}" --key "${key}" --output text \
    --query '[ContentLength, Metadata.sha256]')
wanted=$(printf '%s\t%s' "${size}" "${sum}")
if [[ "${found}" != "${wanted}" ]]; then
    echo "upload: s3://${BUCKET}/${key} is ${found}, must be ${wanted}" >&2
    exit 1
fi
echo "upload: s3://${BUCKET}/${key} (${size} bytes)"
