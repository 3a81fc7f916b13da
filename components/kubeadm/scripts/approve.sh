#!/bin/bash
# Answers the certificate requests of joining nodes. Each lies in an SSM parameter of the node's own, and SSM records which
# instance of which role wrote it. The answer is a kubeconfig for an hour, for that node's name alone; with it kubelet requests
# its lasting certificate.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${READ_INTERVAL:=5}" "${SIGN_WAIT:=30}" # seconds
RUN=$RUN/approve
install -d -m 0700 "$RUN"
umask 077
declare -A refused=() seen=() # seen are the versions of parameters that hold no request

kube() { kubectl --kubeconfig "$ROOT/etc/kubernetes/admin.conf" --request-timeout=20s "$@"; }

# pages ACTION FIELD VALUE [DECRYPT] makes a call as often as it has pages, and leaves these in $RUN/pages, one a line.
pages() {
  local token=
  : >"$RUN/pages"
  while true; do
    python3 -IS -c '
import json, sys
field, value, decrypt, token = sys.argv[1:]
print(json.dumps({field: value, "WithDecryption": bool(decrypt), **({"NextToken": token} if token else {})}))' "$2" "$3" "${4:-}" "$token" >"$RUN/request" && ssm "$1" || return 1
    token=$(python3 -IS -c '
import json, sys
page = json.load(open(sys.argv[1]))
open(sys.argv[2], "a").write(json.dumps(page["Parameters"]) + "\n")
print(page.get("NextToken") or "")' "$RUN/answer" "$RUN/pages") || return 1
    [ -n "$token" ] || return 0
  done
}

# versions prints each node with the version of its parameter. Nothing is decrypted: KMS bills each value.
versions() {
  pages GetParametersByPath Path "$JOIN_PATH" && python3 -IS -c '
import json, re, sys
for page in open(sys.argv[1]):
    for parameter in json.loads(page):
        name = parameter["Name"].rsplit("/", 1)[1]
        if re.fullmatch("[a-z0-9-]+", name):
            print(name, parameter["Version"])' "$RUN/pages"
}

# proven NODE leaves the node's newest request in $RUN/csr. It must have been written by the instance that it names, in the
# role of that node: only EC2 can give an instance's name to a session of the role. The exit code is 3 if there is no request.
proven() {
  pages GetParameterHistory Name "$JOIN_PATH/$1" decrypt && python3 -IS -c '
import json, re, sys
pages, role, csr = sys.argv[1:]
newest = max((p for page in open(pages) for p in json.loads(page)), key=lambda p: p["Version"])
if not newest["Value"].startswith("{"):
    sys.exit(3)
request, writer = json.loads(newest["Value"]), newest["LastModifiedUser"]
found = re.fullmatch("arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/([^/]+)/(i-[0-9a-f]+)", writer)
if not found or found.groups() != (role, request["instanceId"]):
    sys.exit("it was written by " + writer)
open(csr, "w").write(request["request"])' "$RUN/pages" "$CLUSTER_NAME-$1" "$RUN/csr"
}

# check NODE fails with a message unless the request may be answered, with 3 if there is none.
check() {
  local subject ready
  proven "$1" || return
  subject=$(openssl req -in "$RUN/csr" -noout -verify -subject -nameopt RFC2253) || return 1
  if [ "$subject" != "subject=CN=system:node:$1,O=system:nodes" ]; then
    echo "it is for another name: $subject" >&2
    return 1
  fi
  ready=$(kube get node "$1" --ignore-not-found -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') || return 1
  if [ "$ready" = True ]; then
    echo "node $1 is Ready" >&2
    return 1
  fi
}

# sign has the controller manager sign the request, and leaves the certificate in base64 in $RUN/certificate.
sign() {
  local name
  name=$(kube create -o name -f - <<YAML
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata:
  generateName: join-$1-
spec:
  signerName: kubernetes.io/kube-apiserver-client-kubelet
  expirationSeconds: 3600
  usages: [digital signature, client auth]
  request: $(base64 -w0 "$RUN/csr")
YAML
  ) && kube certificate approve "${name#*/}" && kube wait "$name" --for='jsonpath={.status.certificate}' --timeout="${SIGN_WAIT}s" &&
    kube get "$name" -o 'jsonpath={.status.certificate}' >"$RUN/certificate"
}

# answer NODE writes a kubeconfig for the key that only the node has. Nothing in it is secret.
answer() {
  sign "$1" || return 1
  cat >"$RUN/join" <<YAML
apiVersion: v1
kind: Config
clusters:
- name: $CLUSTER_NAME
  cluster:
    server: https://$CONTROL_PLANE_IP:6443
    certificate-authority-data: $(base64 -w0 "$ROOT$STATE_DIR/pki/ca.crt")
users:
- name: $1
  user:
    client-certificate-data: $(cat "$RUN/certificate")
    client-key: /run/kubeadm-bootstrap/join.key
contexts:
- name: join
  context:
    cluster: $CLUSTER_NAME
    user: $1
current-context: join
YAML
  ssm_put "$JOIN_PATH/$1" SecureString "$RUN/join"
}

# read_requests answers all requests once. A refusal is logged when its reason changes: the node keeps asking.
read_requests() {
  local node version status
  versions >"$RUN/nodes" || return 1
  while read -r node version; do
    [ "${seen[$node]:-}" != "$version" ] || continue
    status=0
    check "$node" </dev/null >"$RUN/check" 2>"$RUN/reason" || status=$?
    if [ "$status" = 3 ]; then
      seen[$node]=$version
    elif [ "$status" != 0 ]; then
      [ "${refused[$node]:-}" = "$(start_of "$RUN/reason")" ] || log "the request of $node is refused: $(start_of "$RUN/reason")"
      refused[$node]=$(start_of "$RUN/reason")
    elif answer "$node" </dev/null >"$RUN/signed"; then
      log "node $node may join"
      unset "refused[$node]"
    else
      log "the request of $node could not be answered"
    fi
  done <"$RUN/nodes"
  install -d -m 0755 "$ROOT/var/lib/node-exporter"
  echo "kubeadm_join_requests_last_read_timestamp_seconds $(date +%s)" | write_file "$ROOT/var/lib/node-exporter/join.prom" 0644
}

while true; do
  read_requests || log "requests could not be read from $JOIN_PATH"
  [ "${1:-}" != --once ] || break
  sleep "$READ_INTERVAL"
done
