#!/bin/bash
# Dumps one database, verifies the dump, and only then deletes old ones. Exit code 0 means that a complete, readable dump
# is on the disk.
#
# PGHOST PGPORT PGUSER PGDATABASE  variables of libpq
# PASSWORD_FILE                    file with the password of PGUSER
# BACKUP_DIR                       directory with a directory per database
# KEEP_DAYS                        retention in days
set -euo pipefail

: "${PGHOST:?}" "${PGUSER:?}" "${PGDATABASE:?}" "${PASSWORD_FILE:?}" "${BACKUP_DIR:?}" "${KEEP_DAYS:?}"

umask 077
PGPASSWORD=$(<"${PASSWORD_FILE}")
export PGPASSWORD

directory="${BACKUP_DIR}/${PGDATABASE}"
mkdir -p "${directory}"
# Incomplete dumps of killed runs; two runs for one database never overlap.
rm -f "${directory}"/*.partial

dump="${directory}/${PGDATABASE}-$(date --utc +%Y-%m-%dT%H%M%SZ).dump"
partial="${dump}.partial"
trap 'rm -f "${partial}"' EXIT

pg_dump --format=custom --no-password --lock-wait-timeout=60s --file="${partial}"

# The table of contents is at the beginning of the file: only a full read detects a truncated or damaged dump.
pg_restore --list "${partial}" >/dev/null
pg_restore --file=- "${partial}" >/dev/null

sync "${partial}"
mv "${partial}" "${dump}"
date --utc +%s >"${directory}/last-success.new"
mv "${directory}/last-success.new" "${directory}/last-success"

# An hour less than whole days: otherwise a faster run than the last one would keep a dump for another day.
find "${directory}" -maxdepth 1 -name '*.dump' -mmin "+$((KEEP_DAYS * 1440 - 60))" -print -delete
echo "backup: ${dump} ($(stat --format=%s "${dump}") bytes)"
