#!/bin/bash
# Replaces a database by a dump. It restores the dump to a new database in one transaction, then swaps the names. The
# replaced database is kept without connections until it is dropped manually. Run it in the server's container, as its
# superuser:
#
#   restore.sh <database> <dump file>
#
# With --beside it replaces nothing: the latest dump that is not younger than a time, e.g. 2026-11-25T03:00:00Z, becomes a
# database of its own, <database>_at_<time of the dump>, which only the superuser reaches.
#
#   restore.sh --beside <database> <time>
#
# DATABASES_FILE  lines of "<database> <owner> <connection limit>"
# BACKUP_DIR      directory with a directory of dumps per database; /backups by default
set -euo pipefail

: "${DATABASES_FILE:?}" "${BACKUP_DIR:=/backups}"
beside=
if [[ ${1-} == --beside ]]; then
    beside=yes
    shift
fi
if (($# != 2)); then
    echo "usage: $0 <database> <dump file>, or $0 --beside <database> <time>" >&2
    exit 2
fi
database=$1

owner=$(awk -v database="${database}" '$1 == database { print $2 }' "${DATABASES_FILE}")
if [[ -z "${owner}" ]]; then
    echo "restore: ${database} is not among the configured databases: $(awk '{ print $1 }' "${DATABASES_FILE}" | xargs)" >&2
    exit 1
fi

# latest_until prints the latest dump whose name is not after the time. Names sort like times.
latest_until() {
    local limit found='' file
    limit="${database}-$(date --utc --date="$1" +%Y-%m-%dT%H%M%SZ).dump" || return 1
    for file in "${BACKUP_DIR}/${database}"/*.dump; do
        [[ -e "${file}" && ! "${file##*/}" > "${limit}" ]] && found=${file}
    done
    if [[ -z "${found}" ]]; then
        echo "restore: there is no dump of ${database} from $1 or before; there are: $(cd "${BACKUP_DIR}/${database}" 2>/dev/null && echo *)" >&2
        return 1
    fi
    echo "${found}"
}

if [[ -n "${beside}" ]]; then
    dump=$(latest_until "$2")
else
    dump=$2
fi
dumped=$(pg_restore --list "${dump}" | sed -n 's/^;  *dbname: //p')
if [[ "${dumped}" != "${database}" ]]; then
    echo "restore: ${dump} is a dump of ${dumped:-nothing}, not of ${database}" >&2
    exit 1
fi

fresh="${database}_restoring"
old="${database}_before_$(date --utc +%Y%m%d%H%M%S)"
if [[ -n "${beside}" ]]; then
    stamp=${dump##*/"${database}"-}
    fresh="${database}_at_$(tr -dc 0-9 <<<"${stamp}")"
    if [[ $(psql --no-psqlrc --tuples-only --no-align --dbname=postgres --set=fresh="${fresh}" <<<"SELECT 1 FROM pg_database WHERE datname = :'fresh'") == 1 ]]; then
        echo "restore: ${fresh} exists already, of the same dump" >&2
        exit 1
    fi
fi
run_sql() {
    psql --no-psqlrc --quiet --tuples-only --set=ON_ERROR_STOP=1 --output=/dev/null \
        --set=database="${database}" --set=owner="${owner}" --set=fresh="${fresh}" --set=old="${old}" \
        --set=dump="${database}_dump" --set=clients="${database}_clients" --dbname="${1:-postgres}"
}

run_sql <<'SQL'
DROP DATABASE IF EXISTS :"fresh" WITH (FORCE);
CREATE DATABASE :"fresh" OWNER :"owner" TEMPLATE template0;
REVOKE ALL ON DATABASE :"fresh" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"fresh" TO :"dump";
SQL
# Before the tables: the dump may be older than the clients' rights.
run_sql "${fresh}" <"$(dirname "$0")/grants.sql"
pg_restore --dbname="${fresh}" --role="${owner}" --no-owner --exit-on-error --single-transaction "${dump}"
psql --no-psqlrc --quiet --dbname="${fresh}" --command='ANALYZE' 2>/dev/null

if [[ -n "${beside}" ]]; then
    echo "restore: ${dump} is restored as ${fresh}, beside ${database}; drop it when it is no longer needed:"
    echo "restore:   psql --command='DROP DATABASE ${fresh}'"
    exit 0
fi

# If the swap fails, the database must accept connections again.
trap 'echo "ALTER DATABASE :\"database\" ALLOW_CONNECTIONS true;" | run_sql' ERR
run_sql <<'SQL'
ALTER DATABASE :"database" ALLOW_CONNECTIONS false;
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :'database';
BEGIN;
GRANT CONNECT ON DATABASE :"fresh" TO :"clients";
ALTER DATABASE :"database" RENAME TO :"old";
ALTER DATABASE :"fresh" RENAME TO :"database";
COMMIT;
SQL
trap - ERR

echo "restore: ${database} is restored from ${dump}"
echo "restore: the replaced database is kept as ${old}; drop it when it is no longer needed:"
echo "restore:   psql --command='DROP DATABASE ${old}'"
