#!/bin/bash
# Replaces the key that encrypts Secrets in etcd. It runs on the control plane, as root, and may be stopped at any time: another
# run continues from the keys in the parameter.
#
# LIB         the bootstrap's shared functions and settings
# POLL        seconds between two questions whether the API server uses the new key; 5 by default
# STOP_AFTER  install, rewrite or store: ends there, for tests
#
# 1. The new key comes first in the configuration, which the API server reads again within a minute; the old one still decrypts.
# 2. As soon as the API server uses the new key, every Secret is written once more, with the new key's name as an annotation.
# 3. The old key leaves the configuration.
#
# The parameter is always written before the file: a control plane on a blank disk must find every key that is in use.
# shellcheck source=/dev/null
. "${LIB:?}"

ANNOTATION=growbin.app/encryption-key
KEYS=$ROOT$STATE_DIR/encryption/keys.json
KUBE=(kubectl --kubeconfig "$ROOT/etc/kubernetes/admin.conf")

exec 9>"$RUN/rotate-key.lock"
flock --nonblock 9 || fail "another rotation is under way"
RUN=$RUN/rotate-key
install -d -m 0700 "$RUN"
trap 'rm -rf "$RUN"' EXIT
umask 077

# change ACTION reads a configuration and prints it with another first key (add), with its first key alone (drop), or the names of
# its keys (names).
change() {
  python3 -IS -c '
import base64, json, os, sys, time
config = json.load(sys.stdin)
box = next(p["secretbox"] for p in config["resources"][0]["providers"] if "secretbox" in p)
if sys.argv[1] == "names":
    print(" ".join(key["name"] for key in box["keys"]))
    sys.exit()
if sys.argv[1] == "add":
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    if name == box["keys"][0]["name"]:
        name += "2"
    box["keys"].insert(0, {"name": name, "secret": base64.b64encode(os.urandom(32)).decode()})
else:
    del box["keys"][1:]
json.dump(config, sys.stdout, separators=(",", ":"))' "$1"
}

# install_keys FILE makes the API server use the keys of a file of $RUN.
install_keys() {
  write_file "$KEYS" 0600 <"$1" && sync "$KEYS"
}

# store_keys FILE keeps the keys in the parameter.
store_keys() { ssm_put "$ENCRYPTION_PARAMETER" SecureString "$1"; }

# left NAME prints the Secrets whose annotation is not the key's name.
left() {
  "${KUBE[@]}" get secrets --all-namespaces --no-headers \
    -o "custom-columns=NS:.metadata.namespace,NAME:.metadata.name,KEY:.metadata.annotations.${ANNOTATION//./\\.}" |
    awk -v name="$1" '$3 != name { printf "%s/%s ", $1, $2 }'
}

# in_use NAME writes a Secret, and succeeds once its value in etcd's files is encrypted with the key of this name.
in_use() {
  "${KUBE[@]}" -n kube-system create secret generic rotate-key --from-literal=at="$(date +%s%N)" --dry-run=client -o yaml |
    "${KUBE[@]}" apply --server-side --field-manager=rotate-key --force-conflicts -f - >/dev/null &&
    grep -aqs "k8s:enc:secretbox:v1:$1:" "$ROOT$STATE_DIR"/etcd/member/wal/*.wal
}

rewrite() {
  "${KUBE[@]}" annotate secrets --all --all-namespaces --overwrite "$ANNOTATION=$1" >/dev/null || return 1
  local rest
  rest=$(left "$1") && [ -z "$rest" ]
}

keys=$RUN/keys
retry 5 ssm_get "$ENCRYPTION_PARAMETER" >"$keys"
read -ra names < <(change names <"$keys")
if [ "${#names[@]}" -eq 1 ] && cmp -s "$keys" "$KEYS"; then
  change add <"$keys" >"$keys.next" && mv "$keys.next" "$keys"
  retry 5 store_keys "$keys"
  read -ra names < <(change names <"$keys")
fi
cmp -s "$keys" "$KEYS" || install_keys "$keys"
[ "${STOP_AFTER:-}" != install ] || exit 3

if [ "${#names[@]}" -gt 1 ]; then
  RETRY_DELAY=${POLL:-5} RETRY_DELAY_MAX=${POLL:-5} retry 36 in_use "${names[0]}" || fail "the API server does not use the new key"
  "${KUBE[@]}" -n kube-system delete secret rotate-key >/dev/null
  retry 8 rewrite "${names[0]}" || fail "these Secrets are not encrypted with the new key: $(left "${names[0]}")"
  [ "${STOP_AFTER:-}" != rewrite ] || exit 3
  change drop <"$keys" >"$keys.next" && mv "$keys.next" "$keys"
  retry 5 store_keys "$keys"
  [ "${STOP_AFTER:-}" != store ] || exit 3
  install_keys "$keys"
fi
echo "every Secret is encrypted with the key ${names[0]}"
