#!/bin/bash
# Replaces a database by a dump. It restores the dump to a new database in one transaction, then swaps the names. The
# replaced database is kept without connections until it is dropped manually. Run it in the server's container, as its
# superuser:
#
#   restore.sh <database> <dump file>
#
# DATABASES_FILE  lines of "<database> <owner> <connection limit>"
set -euo pipefail

: "${DATABASES_FILE:?}"
if (($# != 2)); then
    echo "usage: $0 <database> <dump file>" >&2
    exit 2
fi
database=$1
dump=$2

owner=$(awk -v database="${database}" '$1 == database { print $2 }' "${DATABASES_FILE}")
if [[ -z "${owner}" ]]; then
    echo "restore: ${database} is not among the configured databases: $(awk '{ print $1 }' "${DATABASES_FILE}" | xargs)" >&2
    exit 1
fi
dumped=$(pg_restore --list "${dump}" | sed -n 's/^;  *dbname: //p')
if [[ "${dumped}" != "${database}" ]]; then
    echo "restore: ${dump} is a dump of ${dumped:-nothing}, not of ${database}" >&2
    exit 1
fi

fresh="${database}_restoring"
old="${database}_before_$(date --utc +%Y%m%d%H%M%S)"
run_sql() {
    psql --no-psqlrc --quiet --tuples-only --set=ON_ERROR_STOP=1 --output=/dev/null \
        --set=database="${database}" --set=owner="${owner}" --set=fresh="${fresh}" --set=old="${old}" \
        --set=dump="${database}_dump" --dbname=postgres
}

run_sql <<'SQL'
DROP DATABASE IF EXISTS :"fresh" WITH (FORCE);
CREATE DATABASE :"fresh" OWNER :"owner" TEMPLATE template0;
REVOKE ALL ON DATABASE :"fresh" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"fresh" TO :"dump";
SQL
pg_restore --dbname="${fresh}" --role="${owner}" --no-owner --exit-on-error --single-transaction "${dump}"
psql --no-psqlrc --quiet --dbname="${fresh}" --command='ANALYZE' 2>/dev/null

# If the swap fails, the database must accept connections again.
trap 'echo "ALTER DATABASE :\"database\" ALLOW_CONNECTIONS true;" | run_sql' ERR
run_sql <<'SQL'
ALTER DATABASE :"database" ALLOW_CONNECTIONS false;
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :'database';
BEGIN;
ALTER DATABASE :"database" RENAME TO :"old";
ALTER DATABASE :"fresh" RENAME TO :"database";
COMMIT;
SQL
trap - ERR

echo "restore: ${database} is restored from ${dump}"
echo "restore: the replaced database is kept as ${old}; drop it when it is no longer needed:"
echo "restore:   psql --command='DROP DATABASE ${old}'"
