#!/bin/bash
# Joins the cluster once the control plane has published join data.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${JOIN_WAIT:=1800}" "${JOIN_INTERVAL:=2}" "${JOIN_ATTEMPT:=300}" "${NODE_WAIT:=180}" # seconds
KUBELET_CONF=$ROOT/etc/kubernetes/kubelet.conf
CERTIFICATE=$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem

# fetch_join_data writes the discovery file. It is read again before each attempt, because its token is renewed.
fetch_join_data() {
  ssm_get "$JOIN_PARAMETER" >"$RUN/join" || return 1
  if ! grep -q '^kind: Config$' "$RUN/join"; then
    problem="the control plane has not published join data in $JOIN_PARAMETER"
    return 1
  fi
  write_file "$ROOT/etc/kubeadm/discovery.conf" 0600 <"$RUN/join"
}

join() {
  problem="join data could not be read from $JOIN_PARAMETER"
  fetch_join_data || return 1
  problem=
  forget_attempt && timeout -k 10 "$JOIN_ATTEMPT" kubeadm join --config "$ROOT/etc/kubeadm/kubeadm.yaml"
}

# registered is true once the API server has the node. kubeadm join ends earlier, but callers that wait for this machine,
# e.g. to label its node, need the Node object.
registered() {
  curl -fsS -m 10 --noproxy '*' --cacert "$ROOT/etc/kubernetes/pki/ca.crt" --cert "$CERTIFICATE" -o "$RUN/node" \
    "$(sed -n 's/^ *server: //p' "$KUBELET_CONF")/api/v1/nodes/$NODE_NAME" 2>"$RUN/problem"
}

await_node() {
  local deadline=$((SECONDS + NODE_WAIT))
  until registered; do
    [ "$SECONDS" -lt "$deadline" ] || fail "kubelet has not registered node $NODE_NAME within $NODE_WAIT s: $(start_of "$RUN/problem")"
    sleep "$JOIN_INTERVAL"
  done
}

systemctl enable kubelet
if [ -s "$KUBELET_CONF" ] && [ -s "$CERTIFICATE" ]; then
  log "already joined"
  systemctl start kubelet
  await_node
  exit 0
fi

logged=
deadline=$((SECONDS + JOIN_WAIT))
until join; do
  [ "$SECONDS" -lt "$deadline" ] || fail "not joined within $JOIN_WAIT s: ${problem:-kubeadm join failed}"
  if [ -n "$problem" ] && [ "$problem" != "$logged" ]; then
    log "waiting: $problem"
    logged=$problem
  fi
  sleep "$JOIN_INTERVAL"
done
await_node
rm -f "$RUN/join" "$RUN/node" "$ROOT/etc/kubeadm/discovery.conf"
