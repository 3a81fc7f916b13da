#!/bin/bash
# Steps of the rotation of the certificate authorities and of the key of service account tokens, on the control plane, as root.
# Each may be stopped at any time and run again: the state is in the files of the data disk.
#
# LIB         the bootstrap's shared functions and settings
# ACTION      status, prepare, pods, switch, finish or clean
# STOP_AFTER  exchange: ends there, for tests
#
# $OTHER holds the next authorities until it changes places with $PKI, in one step, and the former ones after that. The file
# "rotation" is in the directory of the next ones. Until the exchange kubeadm finds the former authorities alone, after it the
# next ones alone, so a control plane that is replaced meanwhile comes up as always. Nodes have a certificate of the next
# authority with one by which the former authority vouches for it: whichever of the two the API server trusts, it accepts them.
# shellcheck source=/dev/null
. "${LIB:?}"

PKI=$ROOT$STATE_DIR/pki OTHER=$ROOT$STATE_DIR/pki-other
CONFIG=$ROOT/etc/kubeadm/kubeadm.yaml KUBERNETES=$ROOT/etc/kubernetes
ANNOTATION=growbin.app/authorities
: "${POLL:=2}" # seconds

exec 9>"$RUN/authorities.lock"
flock --nonblock 9 || fail "another rotation is under way"
RUN=$RUN/authorities
install -d -m 0700 "$RUN"
trap 'rm -rf "$RUN"' EXIT
umask 077

kube() { kubectl --kubeconfig "$KUBERNETES/admin.conf" --request-timeout=20s "$@"; }

# await SECONDS MESSAGE COMMAND... runs the command until it succeeds, and fails with the message.
await() {
  local deadline=$((SECONDS + $1))
  until "${@:3}" 2>"$RUN/problem"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$2: $(start_of "$RUN/problem")"
    sleep "$POLL"
  done
}

phase() {
  if [ -e "$PKI/rotation" ]; then echo drop; elif [ -e "$OTHER/rotation" ]; then echo issue; else echo none; fi
}

# next is the directory of the next authorities.
next() { if [ "$(phase)" = drop ]; then echo "$PKI"; else echo "$OTHER"; fi; }

# make_certificates DIRECTORY NAME... has kubeadm make those that are missing.
make_certificates() {
  local name
  sed "s#^certificatesDir: .*#certificatesDir: $1#" "$CONFIG" >"$RUN/kubeadm.yaml"
  for name in "${@:2}"; do kubeadm init phase certs "$name" --config "$RUN/kubeadm.yaml" >"$RUN/made" || fail "kubeadm init phase certs $name failed"; done
}

# key_id FILE prints the name that tokens give to a key.
key_id() { openssl pkey -in "$1" -pubout -outform DER | openssl dgst -sha256 -binary | base64 -w0 | tr '+/' '-_' | tr -d =; }

public_keys() { for key in "$@"; do openssl pkey -in "$key" -pubout; done; }

# begin makes the next authorities.
begin() {
  local new=$OTHER.new
  rm -rf "$OTHER" "$new"
  make_certificates "$new" ca front-proxy-ca etcd-ca sa
  mkdir "$new/next"
  cp "$new"/ca.{crt,key} "$new/next"
  cat "$PKI/ca.crt" "$new/ca.crt" >"$new/next/trust.crt"
  openssl x509 -in "$new/ca.crt" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -set_serial "0x$(openssl rand -hex 8)" -days 365 \
    -out "$new/next/vouch.crt"
  openssl dgst -sha256 -r "$new/ca.crt" | cut -c 1-12 >"$new/rotation"
  sync -f "$new"
  mv "$new" "$OTHER"
  sync -f "$OTHER"
}

# edit STEP POD [FLAG=FILE]... makes kubelet restart a static pod, with other files for flags, unless it has for this step. kubelet
# does so once it knows the API server's pods, so nothing else may stop the API server before.
edit() {
  local manifest=$KUBERNETES/manifests/$2.yaml value flag edits=(-e "\\#$ANNOTATION#d")
  value=$(cat "$(next)/rotation")-$1
  ! grep -qF "$ANNOTATION: $value" "$manifest" || return 0
  for flag in "${@:3}"; do edits+=(-e "s#^( *- --${flag%%=*}=).*#\\1${flag#*=}#"); done
  if grep -q '^  annotations:$' "$manifest"; then
    edits+=(-e "s#^  annotations:\$#&\\n    $ANNOTATION: $value#")
  else
    edits+=(-e "s#^metadata:\$#&\\n  annotations:\\n    $ANNOTATION: $value#")
  fi
  # Not beside the manifest: kubelet would run that file, too.
  sed -E "${edits[@]}" "$manifest" | write_file "$KUBERNETES/$2.yaml" 0600
  mv "$KUBERNETES/$2.yaml" "$manifest"
  [ "$1" = finish ] || rm -f "$OTHER/restarted" # pods that have started since may not know the present authorities
}

# runs STEP POD is true if the static pod runs as it was edited, and is ready.
runs() {
  local seen
  seen=$(kube get pod -n kube-system "$2-$NODE_NAME" -o "jsonpath={.metadata.annotations.${ANNOTATION//./\\.}} {.status.conditions[?(@.type==\"Ready\")].status}") &&
    [ "$seen" = "$(cat "$(next)/rotation")-$1 True" ]
}

await_pods() {
  local pod
  for pod in "${@:2}"; do await 300 "$pod does not run with the files of step $1" runs "$1" "$pod"; done
}

publish() { "${LIB%/*}/publish.sh" || fail "the kubeconfigs and keys of tokens could not be published"; }

# with_token MARK prints namespace, name, and kind and name of the owner, of each pod that holds a token of the API server and
# was made before a time.
with_token() {
  kube get pods --all-namespaces -o json >"$RUN/pods" && python3 -IS -c '
import json, sys
for pod in json.load(open(sys.argv[1]))["items"]:
    meta = pod["metadata"]
    tokens = [source["serviceAccountToken"] for volume in pod["spec"].get("volumes", []) for source in volume.get("projected", {}).get("sources", [])
              if "serviceAccountToken" in source]
    if all(token.get("audience") for token in tokens) or pod["status"].get("phase") in ("Succeeded", "Failed") or meta["creationTimestamp"] >= sys.argv[2]:
        continue
    owner = next((o for o in meta.get("ownerReferences", []) if o.get("controller")), {"kind": "-", "name": "-"})
    print(meta["namespace"], meta["name"], owner["kind"], owner["name"])' "$RUN/pods" "$1"
}

# restart MARK has the owners of pods from before a time replace them, and is true when none is left. Some operators undo it, so
# it is repeated.
restart() {
  local namespace name kind owner rest=
  with_token "$1" >"$RUN/left" || return 1
  while read -r namespace name kind owner; do
    rest+="$namespace/$name "
    case $kind in
    ReplicaSet) kind=Deployment owner=$(kube get replicaset -n "$namespace" "$owner" -o 'jsonpath={.metadata.ownerReferences[0].name}') || continue ;;
    DaemonSet | StatefulSet) ;;
    *) continue ;; # a Job ends by itself
    esac
    kube patch "$kind" -n "$namespace" "$owner" -p "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":\"$1\"}}}}}" \
      </dev/null >"$RUN/patched" || continue
  done <"$RUN/left"
  echo "$rest" >&2
  [ -z "$rest" ]
}

# other_tokens KEY prints the Secrets whose token another key has signed, or that have none.
other_tokens() {
  kube get secrets --all-namespaces --field-selector type=kubernetes.io/service-account-token -o json >"$RUN/secrets" && python3 -IS -c '
import base64, json, sys
for secret in json.load(open(sys.argv[1]))["items"]:
    token = base64.b64decode(secret.get("data", {}).get("token", "")).decode()
    head = token.split(".")[0]
    if not token or json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"] != sys.argv[2]:
        print(secret["metadata"]["namespace"], secret["metadata"]["name"], "other" if token else "none")' "$RUN/secrets" "$1"
}

# renew_secrets has the controller manager sign the tokens in Secrets anew, and is true when all are.
renew_secrets() {
  local namespace name has
  other_tokens "$1" >"$RUN/others" || return 1
  while read -r namespace name has; do
    [ "$has" = none ] || kube patch secret -n "$namespace" "$name" --type json -p '[{"op":"remove","path":"/data/token"}]' </dev/null >"$RUN/patched"
  done <"$RUN/others"
  cat "$RUN/others" >&2
  [ ! -s "$RUN/others" ]
}

# alone is true when the API server publishes the present authorities and no former one, for servers that it calls.
alone() {
  [ "$(kube get configmap -n kube-system extension-apiserver-authentication -o 'jsonpath={.data}' | grep -o 'BEGIN CERTIFICATE' | wc -l)" = 2 ]
}

# published FILE is true when the ConfigMaps from which pods know the API server have the file's content.
published() {
  kube get configmaps --all-namespaces --field-selector metadata.name=kube-root-ca.crt -o json | python3 -IS -c '
import json, sys
want = open(sys.argv[1]).read()
sys.exit(" ".join(o["metadata"]["namespace"] for o in json.load(sys.stdin)["items"] if o["data"].get("ca.crt") != want) or 0)' "$1"
}

# take_over has everything on this machine use the authorities in $PKI.
take_over() {
  local name authority
  authority=$(base64 -w0 "$PKI/ca.crt")
  for name in admin controller-manager scheduler; do
    ! grep -qF "$authority" "$KUBERNETES/$name.conf" || continue
    kubeadm init phase kubeconfig "$name" --config "$CONFIG" --kubeconfig-dir "$RUN/conf" >"$RUN/made" || fail "kubeadm init phase kubeconfig $name failed"
    write_file "$KUBERNETES/$name.conf" 0600 <"$RUN/conf/$name.conf"
  done
  edit switch etcd
  # A step later the API server has been restarted again.
  if ! grep -qF "$ANNOTATION: $(cat "$PKI/rotation")-finish" "$KUBERNETES/manifests/kube-apiserver.yaml"; then
    edit switch kube-apiserver client-ca-file="$PKI/ca.crt"
    await_pods switch kube-apiserver
  fi
  edit switch kube-controller-manager root-ca-file="$PKI/ca.crt" cluster-signing-cert-file="$PKI/ca.crt" cluster-signing-key-file="$PKI/ca.key"
  edit switch kube-scheduler
  await_pods switch etcd kube-controller-manager kube-scheduler
  for name in "$KUBERNETES"/published-*.conf; do grep -qF "$authority" "$name" || rm -f "$name"; done
  publish
  kube get configmap -n kube-public cluster-info -o json | sed -E "s#(certificate-authority-data: )[A-Za-z0-9+/=]+#\\1$authority#" | kube replace -f - >"$RUN/replaced"
  alone || kube delete configmap -n kube-system extension-apiserver-authentication >"$RUN/deleted"
  await 120 "the API server still publishes the former authorities" alone
  await 120 "these namespaces do not have the new kube-root-ca.crt" published "$PKI/ca.crt"
  await 120 "these Secrets have tokens of the former key" renew_secrets "$(key_id "$PKI/sa.key")"
}

# print FILE NAME
print() { echo "$2 $(base64 -w0 "$1")"; }

case ${ACTION:?} in
status)
  [ "$(phase)" != drop ] || take_over
  echo "phase $(phase)"
  kube get nodes -o 'jsonpath={range .items[*]}node {.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
  with_token 9999 | awk '$3 !~ /^(ReplicaSet|DaemonSet|StatefulSet|Job)$/ { print "ownerless " $1 "/" $2 }'
  ;;
prepare)
  [ "$(phase)" != drop ] || fail "the next authorities are in use already"
  # Another authority is in use if a backup was restored.
  { [ "$(phase)" = issue ] && openssl verify -CAfile "$PKI/ca.crt" "$OTHER/next/vouch.crt" >"$RUN/verified" 2>&1; } || begin
  rm -rf "$PKI/next"
  cp -r "$OTHER/next" "$PKI/next"
  public_keys "$PKI/sa.key" "$OTHER/sa.key" | write_file "$PKI/sa.pub" 0600
  edit prepare kube-apiserver client-ca-file="$PKI/next/trust.crt"
  edit prepare kube-controller-manager root-ca-file="$PKI/next/trust.crt" cluster-signing-cert-file="$PKI/next/ca.crt" cluster-signing-key-file="$PKI/next/ca.key"
  await_pods prepare kube-apiserver kube-controller-manager
  await 120 "these namespaces do not have the new kube-root-ca.crt" published "$OTHER/next/trust.crt"
  publish
  print "$OTHER/next/trust.crt" trust
  print "$OTHER/ca.crt" authority
  print "$OTHER/next/vouch.crt" vouch
  ;;
pods)
  mark=$OTHER/restarted
  if [ ! -s "$mark" ]; then
    date -ud '1 second' +%Y-%m-%dT%H:%M:%SZ | write_file "$mark" 0600
    sleep 2
  fi
  await 900 "these pods have not been replaced" restart "$(cat "$mark")"
  ;;
switch)
  if [ "$(phase)" = issue ]; then
    make_certificates "$OTHER" all
    public_keys "$PKI/sa.key" "$OTHER/sa.key" | write_file "$OTHER/sa.pub" 0600
    rm -f "$OTHER/restarted"
    sync -f "$OTHER"
    python3 -IS -c '
import ctypes, os, sys
libc, (a, b) = ctypes.CDLL(None, use_errno=True), map(os.fsencode, sys.argv[1:])
if libc.renameat2(-100, a, -100, b, 2): # RENAME_EXCHANGE
    sys.exit(os.strerror(ctypes.get_errno()))' "$PKI" "$OTHER" || fail "$PKI and $OTHER could not change places"
    sync -f "$PKI"
  fi
  [ "${STOP_AFTER:-}" != exchange ] || exit 3
  [ "$(phase)" = drop ] || fail "there are no next authorities"
  take_over
  print "$PKI/ca.crt" trust
  print "$PKI/ca.crt" authority
  echo "key $(key_id "$PKI/sa.key")"
  ;;
finish)
  [ "$(phase)" = drop ] || fail "the next authorities are not in use"
  public_keys "$PKI/sa.key" | write_file "$PKI/sa.pub" 0600
  edit finish kube-apiserver
  await_pods finish kube-apiserver
  publish
  kube get --raw /openid/v1/jwks >"$RUN/keys"
  [ "$(grep -o '"kid":"[^"]*"' "$RUN/keys")" = "\"kid\":\"$(key_id "$PKI/sa.key")\"" ] || fail "tokens of the former key are still accepted"
  if [ -e "$OTHER/ca.key" ]; then
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$RUN/key" -subj /O=system:masters/CN=former -out "$RUN/csr" 2>"$RUN/problem"
    openssl x509 -req -in "$RUN/csr" -CA "$OTHER/ca.crt" -CAkey "$OTHER/ca.key" -set_serial 1 -days 1 -out "$RUN/crt" 2>"$RUN/problem"
    status=$(curl -sS --noproxy '*' -m 10 -o "$RUN/answer" -w '%{http_code}' --cacert "$PKI/ca.crt" --cert "$RUN/crt" --key "$RUN/key" https://127.0.0.1:6443/api)
    [ "$status" = 401 ] || fail "the API server answers $status to a certificate of the former authority, must be 401"
  fi
  ;;
clean)
  [ "$(phase)" = drop ] || exit 0
  rm -rf "$OTHER" "$PKI/next"
  sync -f "$PKI"
  rm "$PKI/rotation"
  ;;
*) fail "ACTION: $ACTION must be one of the above" ;;
esac
