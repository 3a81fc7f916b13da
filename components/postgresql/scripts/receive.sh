#!/bin/bash
# Writes a dump from its standard input to the data volume, for restore.sh, and prints the path of the file.
#
#   receive.sh <database> <file name> <SHA-256 in hexadecimal>
#
# RECEIVED_DIR  directory with a directory of dumps per database
set -euo pipefail

: "${RECEIVED_DIR:?}"
if (($# != 3)); then
    echo "usage: $0 <database> <file name> <SHA-256>" >&2
    exit 2
fi
if [[ ! "$1/$2" =~ ^[a-z0-9_]+/[A-Za-z0-9_.-]+\.dump$ ]]; then
    echo "receive: $1/$2 is not the name of a dump" >&2
    exit 2
fi
umask 077
mkdir -p "${RECEIVED_DIR}/$1"
dump="${RECEIVED_DIR}/$1/$2"
trap 'rm -f "${dump}"' ERR
cat >"${dump}"
echo "$3  ${dump}" | sha256sum --check --quiet >&2
trap - ERR
echo "${dump}"
