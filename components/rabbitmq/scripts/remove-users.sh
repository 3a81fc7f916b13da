#!/bin/bash
# Deletes the users that are not listed, and closes their connections. The broker's import of definitions adds and changes
# users, and deletes none.
#
# USERS_FILE    file with one user per line
# AMQP_PORT     port that opens after the import
# WAIT_SECONDS  timeout in seconds for the port to open
set -euo pipefail

: "${USERS_FILE:?}" "${AMQP_PORT:?}" "${WAIT_SECONDS:?}"

deadline=$((SECONDS + WAIT_SECONDS))
until (exec 3<>"/dev/tcp/127.0.0.1/${AMQP_PORT}") 2>/dev/null; do
    if ((SECONDS >= deadline)); then
        echo "remove-users: the broker did not accept connections within ${WAIT_SECONDS} s" >&2
        exit 1
    fi
    sleep 0.5
done

existing=$(rabbitmqctl --quiet list_users --no-table-headers | cut -f1)
while read -r user; do
    if [[ -n "${user}" ]] && ! grep --quiet --fixed-strings --line-regexp -e "${user}" "${USERS_FILE}"; then
        rabbitmqctl --quiet delete_user "${user}"
        echo "remove-users: deleted ${user}"
    fi
done <<<"${existing}"
echo "remove-users: users are as configured"
