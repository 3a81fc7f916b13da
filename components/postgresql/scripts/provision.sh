#!/bin/bash
# Creates the databases, their owners and clients and the monitoring role, and revokes access for everyone else. It is idempotent and
# runs at every start of the server, so that new databases and changed passwords take effect.
#
# DATABASES_FILE  lines of "<database> <owner> <connection limit>"
# CLIENTS_FILE    lines of "<database> <role> <connection limit>"
# PASSWORDS_DIR   directory with a file per role, named like the role
# DUMP_CONNECTIONS  maximum of connections of the role <database>_dump, which reads one database for its dumps
# MONITOR         role that can read statistics but no data
# WAIT_SECONDS    timeout in seconds for the server to accept connections
set -euo pipefail

: "${DATABASES_FILE:?}" "${CLIENTS_FILE:?}" "${PASSWORDS_DIR:?}" "${MONITOR:?}" "${DUMP_CONNECTIONS:?}" "${WAIT_SECONDS:?}"

run_sql() {
    psql --no-psqlrc --quiet --tuples-only --set=ON_ERROR_STOP=1 --dbname=postgres --output=/dev/null "$@"
}

# Over TCP, since the temporary server of the first start listens on the socket only.
wait_for_server() {
    local deadline=$((SECONDS + WAIT_SECONDS))
    until pg_isready --quiet --host=127.0.0.1; do
        if ((SECONDS >= deadline)); then
            echo "provision: the server did not accept connections within ${WAIT_SECONDS} s" >&2
            return 1
        fi
        sleep 0.5
    done
}

# psql reads the password itself, so that it is in no process list, and statements with it are not logged.
ensure_role() {
    local role=$1 limit=$2
    if [[ ! -s "${PASSWORDS_DIR}/${role}" ]]; then
        echo "provision: there is no password for role ${role} in ${PASSWORDS_DIR}" >&2
        return 1
    fi
    run_sql --set=role="${role}" --set=limit="${limit}" --set=file="${PASSWORDS_DIR}/${role}" <<'SQL'
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\set password `cat :'file'`
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    CONNECTION LIMIT :limit PASSWORD :'password';
SQL
}

ensure_database() {
    local database=$1 owner=$2
    run_sql --set=database="${database}" --set=owner="${owner}" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0', :'database', :'owner')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
ALTER DATABASE :"database" OWNER TO :"owner";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
}

# A role per database that reads everything in it, large objects included, and writes nothing.
ensure_dump_role() {
    local database=$1 role="$1_dump"
    ensure_role "${role}" "${DUMP_CONNECTIONS}"
    run_sql --set=database="${database}" --set=role="${role}" <<'SQL'
GRANT CONNECT ON DATABASE :"database" TO :"role";
GRANT pg_read_all_data TO :"role";
ALTER ROLE :"role" SET default_transaction_read_only = on;
ALTER ROLE :"role" SET lo_compat_privileges = on;
SQL
}

ensure_monitor() {
    ensure_role "${MONITOR}" 5
    run_sql --set=monitor="${MONITOR}" <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO :"monitor";
GRANT pg_monitor TO :"monitor";
SQL
}

# A role per database without a login, whose members are the clients. Members that left are removed, and cannot log in either.
ensure_clients() {
    local database=$1 owner=$2 clients="$1_clients" role limit members=
    run_sql --set=clients="${clients}" --set=database="${database}" <<'SQL'
SELECT format('CREATE ROLE %I', :'clients') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'clients') \gexec
ALTER ROLE :"clients" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
GRANT CONNECT ON DATABASE :"database" TO :"clients";
SQL
    run_sql --dbname="${database}" --set=clients="${clients}" --set=owner="${owner}" --file="$(dirname "$0")/grants.sql"
    while read -r of role limit; do
        [[ "${of}" == "${database}" ]] || continue
        ensure_role "${role}" "${limit}"
        run_sql --set=clients="${clients}" --set=role="${role}" <<<'GRANT :"clients" TO :"role";'
        members+=" ${role}"
    done <"${CLIENTS_FILE}"
    run_sql --set=clients="${clients}" --set=members="${members}" <<'SQL'
SELECT format('REVOKE %I FROM %I; ALTER ROLE %2$I NOLOGIN', :'clients', m.rolname)
    FROM pg_auth_members JOIN pg_roles m ON m.oid = member JOIN pg_roles r ON r.oid = roleid
    WHERE r.rolname = :'clients' AND m.rolname <> ALL (string_to_array(trim(:'members'), ' ')) \gexec
SQL
}

wait_for_server
ensure_monitor
while read -r database owner limit; do
    ensure_role "${owner}" "${limit}"
    ensure_database "${database}" "${owner}"
    ensure_dump_role "${database}"
    ensure_clients "${database}" "${owner}"
done <"${DATABASES_FILE}"
echo "provision: databases and roles are as configured"
