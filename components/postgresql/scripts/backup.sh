#!/bin/bash
# Dumps one database, reads the dump back, and only then forgets old ones. The caller's success means that a
# complete, readable dump is on the disk.
#
# PGHOST PGPORT PGUSER PGDATABASE  as libpq knows them
# PASSWORD_FILE                    holds the password of PGUSER
# BACKUP_DIR                       holds a directory per database
# KEEP_DAYS                        dumps that are older go
set -euo pipefail

: "${PGHOST:?}" "${PGUSER:?}" "${PGDATABASE:?}" "${PASSWORD_FILE:?}" "${BACKUP_DIR:?}" "${KEEP_DAYS:?}"

umask 077
PGPASSWORD=$(<"${PASSWORD_FILE}")
export PGPASSWORD

directory="${BACKUP_DIR}/${PGDATABASE}"
mkdir -p "${directory}"
# What a run that died left behind; two runs of one database never overlap.
rm -f "${directory}"/*.partial

dump="${directory}/${PGDATABASE}-$(date --utc +%Y-%m-%dT%H%M%SZ).dump"
partial="${dump}.partial"
trap 'rm -f "${partial}"' EXIT

pg_dump --format=custom --no-password --lock-wait-timeout=60s --file="${partial}"

# The list alone is at the beginning of the file: a full read finds a dump that was cut off or damaged.
pg_restore --list "${partial}" >/dev/null
pg_restore --file=- "${partial}" >/dev/null

sync "${partial}"
mv "${partial}" "${dump}"
date --utc +%s >"${directory}/last-success.new"
mv "${directory}/last-success.new" "${directory}/last-success"

# An hour less than the whole days, or a dump would outlive its time by one run whenever a run was quick.
find "${directory}" -maxdepth 1 -name '*.dump' -mmin "+$((KEEP_DAYS * 1440 - 60))" -print -delete
echo "backup: ${dump} ($(stat --format=%s "${dump}") bytes)"
