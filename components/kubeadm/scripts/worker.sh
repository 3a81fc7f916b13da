#!/bin/bash
# Joins the cluster with a certificate that the control plane gives to this instance, see approve.sh.
# shellcheck source=node.sh
. "$(dirname "${BASH_SOURCE[0]}")/node.sh"

: "${JOIN_WAIT:=1800}" "${JOIN_INTERVAL:=2}" "${JOIN_ATTEMPT:=300}" "${NODE_WAIT:=180}" # seconds
KUBELET_CONF=$ROOT/etc/kubernetes/kubelet.conf
CERTIFICATE=$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem

# make_request leaves a certificate request for this node's name in $RUN/join.request, and its key in memory.
make_request() {
  [ ! -s "$RUN/join.request" ] || return 0
  local id
  id=$(instance_id) && (umask 077 && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$RUN/join.key" \
    -subj "/O=system:nodes/CN=system:node:$NODE_NAME" -out "$RUN/join.csr" 2>"$RUN/problem") && python3 -IS -c '
import json, sys
print(json.dumps({"instanceId": sys.argv[1], "request": open(sys.argv[2]).read()}), end="")' "$id" "$RUN/join.csr" >"$RUN/join.new" &&
    mv "$RUN/join.new" "$RUN/join.request"
}

# answered is true when the parameter holds a kubeconfig for the key of this node's request.
answered() {
  [ "$(sed -n 's/^ *client-certificate-data: //p' "$RUN/join" | base64 -d 2>"$RUN/problem" | openssl x509 -noout -pubkey 2>"$RUN/problem")" = \
    "$(openssl pkey -in "$RUN/join.key" -pubout)" ]
}

# fetch_join_data writes the discovery file, and the request until there is an answer to it.
fetch_join_data() {
  make_request && ssm_get "$JOIN_PARAMETER" >"$RUN/join" || return 1
  if ! answered; then
    cmp -s "$RUN/join" "$RUN/join.request" || ssm_put "$JOIN_PARAMETER" SecureString "$RUN/join.request" || return 1
    problem="the control plane has not answered the request in $JOIN_PARAMETER"
    return 1
  fi
  write_file "$ROOT/etc/kubeadm/discovery.conf" 0600 <"$RUN/join"
}

join() {
  problem="$JOIN_PARAMETER could not be read or written"
  fetch_join_data || return 1
  problem=
  : >"$RUN/joined"
  forget_attempt && timeout -k 10 "$JOIN_ATTEMPT" kubeadm join --config "$ROOT/etc/kubeadm/kubeadm.yaml" 2>&1 | tee "$RUN/joined" && return 0
  failure="kubeadm join failed: $(tail -n 3 "$RUN/joined" | tr '\n' ' ')"
  rm -f "$RUN/join.request" # the answer may have expired: the next attempt asks anew
  return 1
}

# registered is true once the API server has the node. kubeadm join ends earlier, but callers that wait for this machine,
# e.g. to label its node, need the Node object.
registered() { api GET "/api/v1/nodes/$NODE_NAME" >"$RUN/node"; }

await_node() {
  local deadline=$((SECONDS + NODE_WAIT))
  until registered; do
    [ "$SECONDS" -lt "$deadline" ] || fail "kubelet has not registered node $NODE_NAME within $NODE_WAIT s: $(start_of "$RUN/problem")"
    sleep "$JOIN_INTERVAL"
  done
  # The spot instance before this one has cordoned the node.
  ! grep -q "$TAKEN" "$RUN/node" || retry 8 cordon false null
}

umask 077 # kubeadm leaves certificates and the configuration of kubelet readable by all
systemctl enable kubelet
retry 8 kubelet_flags
# The node of a spot instance is drained when EC2 takes it.
[ ! -e "$ROOT/etc/systemd/system/kubeadm-spot.service" ] || systemctl enable --now --no-block kubeadm-spot.service
if [ -s "$KUBELET_CONF" ] && [ -s "$CERTIFICATE" ]; then
  log "already joined"
  systemctl start kubelet
  await_node
  exit 0
fi

logged='' failure='' # failure is that of the last attempt that had an answer: the next one only waits for another
deadline=$((SECONDS + JOIN_WAIT))
until join; do
  [ "$SECONDS" -lt "$deadline" ] || fail "not joined within $JOIN_WAIT s: ${failure:-$problem}"
  if [ -n "$problem" ] && [ "$problem" != "$logged" ]; then
    log "waiting: $problem"
    logged=$problem
  fi
  sleep "$JOIN_INTERVAL"
done
await_node
rm -f "$RUN"/join* "$RUN/node" "$ROOT/etc/kubeadm/discovery.conf"
