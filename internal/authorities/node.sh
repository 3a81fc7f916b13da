#!/bin/bash
# Gives a node other certificate authorities to trust, and kubelet a certificate of the next one. kubelet is restarted if it must
# be; containers go on. It may be stopped at any time and run again.
#
# LIB        the bootstrap's shared functions and settings
# TRUST      the authorities to trust, in base64; empty to check only that the node can be reached
# AUTHORITY  the one that must have issued kubelet's certificate, in base64
# VOUCH      the certificate by which the former authority vouches for it, in base64; empty if none does
# KEY        the ID of the key that must have signed the tokens of all pods; empty if any may have
# shellcheck source=/dev/null
. "${LIB:?}"

CONF=$ROOT/etc/kubernetes/kubelet.conf CURRENT=$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem
: "${POLL:=1}" "${WAIT:=180}" # seconds
RUN=$RUN/authorities
install -d -m 0700 "$RUN"
trap 'rm -rf "$RUN"' EXIT
umask 077

for file in "$CONF" "$CURRENT"; do [ -s "$file" ] || fail "$file is missing: the node has not joined"; done
systemctl is-active --quiet kubelet || fail "kubelet does not run"
[ -n "$TRUST" ] || exit 0

base64 -d <<<"$AUTHORITY" >"$RUN/authority"
base64 -d <<<"$TRUST" >"$RUN/trust"
cp "$RUN/trust" "$RUN/servers"
sed -n 's/^ *certificate-authority-data: //p' "$CONF" | base64 -d >>"$RUN/servers"

# api METHOD PATH [FILE] makes a request as this node's kubelet.
api() {
  local server body=()
  server=$(sed -n 's/^ *server: //p' "$CONF")
  [ $# -lt 3 ] || body=(-H 'Content-Type: application/json' --data-binary "@$3")
  curl -fsS -m 10 --noproxy '*' --cacert "$RUN/servers" --cert "$CURRENT" -X "$1" "${body[@]}" "$server$2"
}

# await MESSAGE COMMAND...
await() {
  local deadline=$((SECONDS + WAIT))
  until "${@:2}" 2>"$RUN/problem"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1: $(start_of "$RUN/problem")"
    sleep "$POLL"
  done
}

# field PATH... prints a field of the JSON on the standard input, and fails if it is missing.
field() {
  python3 -IS -c '
import functools, json, sys
print(functools.reduce(lambda o, key: o[key], sys.argv[1:], json.load(sys.stdin)))' "$@"
}

issued() { openssl verify -partial_chain -trusted "$RUN/authority" "$1" >"$RUN/verified"; }

# vouched is true if the file has the former authority's certificate for the next one: kubelet's own renewal leaves it out.
vouched() { [ -z "$VOUCH" ] || grep -qF "$(base64 -d <<<"$VOUCH" | sed -n 2p)" "$1"; }

# request asks for a certificate for this node's name, which the controller manager approves and signs.
request() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$RUN/key" -subj "/O=system:nodes/CN=system:node:$NODE_NAME" -out "$RUN/csr"
  cat >"$RUN/body" <<JSON
{"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"generateName": "csr-"}, "spec": {
  "signerName": "kubernetes.io/kube-apiserver-client-kubelet", "usages": ["digital signature", "client auth"], "request": "$(base64 -w0 "$RUN/csr")"}}
JSON
  api POST /apis/certificates.k8s.io/v1/certificatesigningrequests "$RUN/body" | field metadata name >"$RUN/name"
}

signed_request() {
  api GET "/apis/certificates.k8s.io/v1/certificatesigningrequests/$(cat "$RUN/name")" | field status certificate 2>"$RUN/unsigned" >"$RUN/signed" &&
    base64 -d "$RUN/signed" >"$RUN/certificate"
}

if ! issued "$CURRENT" 2>"$RUN/problem" || ! vouched "$CURRENT"; then
  await "the API server does not accept a certificate request" request
  await "the certificate request has not been signed" signed_request
  issued "$RUN/certificate" || fail "the certificate request was signed by another authority"
  pair=kubelet-client-$(date +%Y-%m-%d-%H-%M-%S).pem
  { cat "$RUN/certificate" && base64 -d <<<"$VOUCH" && cat "$RUN/key"; } | write_file "${CURRENT%/*}/$pair" 0600
  ln -sfn "$pair" "$CURRENT.new"
  mv -T "$CURRENT.new" "$CURRENT"
fi
# The control plane's kubelet trusts the file of kubeadm.
ca=$ROOT/etc/kubernetes/pki/ca.crt
[ "$NODE_ROLE" != worker ] || cmp -s "$RUN/trust" "$ca" || write_file "$ca" 0600 <"$RUN/trust"
if [ "$(sed -n 's/^ *certificate-authority-data: //p' "$CONF")" != "$TRUST" ]; then
  sed "s#certificate-authority-data: .*#certificate-authority-data: $TRUST#" "$CONF" >"$RUN/conf"
  write_file "$CONF" 0600 <"$RUN/conf"
fi
sync -f "$CONF"

# changed is true if kubelet has started before a file that it reads was written.
changed() {
  local started
  started=$(date -d "$(systemctl show -p ActiveEnterTimestamp --value kubelet)" +%s)
  [ "$(stat -c %Y "$CONF")" -ge "$started" ] || [ "$(stat -Lc %Y "$CURRENT")" -ge "$started" ]
}

beats() {
  local beat
  beat=$(api GET "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/$NODE_NAME" | field spec renewTime) && [ "$(date -d "$beat" +%s)" -ge "$1" ]
}

if changed; then
  now=$(date +%s)
  sleep 1 # so that the start is later than the files, in whole seconds
  systemctl restart kubelet
  await "kubelet has not reached the API server since its restart" beats "$now"
fi

# others prints the pods that hold a token of another key, and is true if there are none.
others() {
  python3 -IS -c '
import base64, glob, json, re, sys
found = set()
for path in glob.glob(sys.argv[1] + "/*/volumes/kubernetes.io~projected/*/*"):
    try:
        token = re.fullmatch(r"([\w-]+)\.[\w-]+\.[\w-]+", open(path).read())
    except OSError:
        continue
    if token and json.loads(base64.urlsafe_b64decode(token[1] + "=" * (-len(token[1]) % 4)))["kid"] != sys.argv[2]:
        found.add(path.split("/volumes/")[0].rsplit("/", 1)[1])
sys.exit(" ".join(sorted(found)) or 0)' "$ROOT/var/lib/kubelet/pods" "$KEY"
}
[ -z "$KEY" ] || await "pods with these UIDs hold tokens of the former key" others
