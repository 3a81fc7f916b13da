#!/bin/bash
# Calls of a worker to the API server, in the name of its kubelet.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The annotation of a node whose spot instance EC2 takes.
TAKEN=kubeadm-aws.io/taken

# api METHOD PATH [TYPE BODY] makes one request to the API server as this node's kubelet.
api() {
  local server body=()
  server=$(sed -n 's/^ *server: //p' "$ROOT/etc/kubernetes/kubelet.conf")
  [ $# -lt 4 ] || body=(-H "Content-Type: $3" --data-binary "$4")
  curl -fsS -m 10 --noproxy '*' --cacert "$ROOT/etc/kubernetes/pki/ca.crt" --cert "$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem" \
    -X "$1" "${body[@]}" "$server$2" 2>"$RUN/problem"
}

# cordon ON TAKEN decides whether this node takes pods, and whether that is because EC2 takes its spot instance.
cordon() {
  api PATCH "/api/v1/nodes/$NODE_NAME" application/merge-patch+json \
    "{\"metadata\":{\"annotations\":{\"$TAKEN\":$2}},\"spec\":{\"unschedulable\":$1}}" >"$RUN/patched"
}
