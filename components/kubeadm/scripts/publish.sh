#!/bin/bash
# Publishes the public keys of service account tokens, by which AWS knows pods, and a kubeconfig for each identity. Each
# kubeconfig lasts two weeks, and is made anew ten days before its end.
# `publish.sh --revoke IDENTITY` takes the rights from all that were published for it, and publishes a new one.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

BUCKET=$ISSUER_BUCKET
# shellcheck source=archive.sh
. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

RUN=$RUN/publish
install -d -m 0700 "$RUN"
trap 'rm -rf "$RUN"' EXIT
umask 077

kube() { kubectl --kubeconfig "$ROOT/etc/kubernetes/admin.conf" --request-timeout=20s "$@"; }

# group IDENTITY prints the group that has its rights now.
group() { kube get clusterrolebinding "$CLUSTER_NAME:$1" --ignore-not-found -o 'jsonpath={.subjects[0].name}'; }

# bind IDENTITY ROLE gives the rights to a new group, and to no other. A client certificate cannot be revoked: it keeps its group.
bind() {
  kube apply -f - >"$RUN/bound" <<YAML
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: "$CLUSTER_NAME:$1"
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: $2}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "$CLUSTER_NAME:$1:$(date +%s%N)"}
YAML
}

# view_nodes lets those who may view namespaces view nodes and volumes as well.
view_nodes() {
  kube apply -f - >"$RUN/viewed" <<'YAML'
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: view-cluster
  labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}
rules:
- {apiGroups: [""], resources: [nodes, persistentvolumes], verbs: [get, list, watch]}
- {apiGroups: [storage.k8s.io, rbac.authorization.k8s.io, apiextensions.k8s.io], resources: ["*"], verbs: [get, list, watch]}
YAML
}

# lasts FILE is true when the kubeconfig's certificate is good for another ten days.
lasts() {
  sed -n 's/^ *client-certificate-data: //p' "$1" | base64 -d | openssl x509 -noout -checkend $((10 * 86400)) >"$RUN/checkend"
}

publish_keys() {
  kube get --raw /openid/v1/jwks >"$RUN/jwks" &&
    s3_put "$RUN/jwks" openid/v1/jwks
}

# publish IDENTITY ROLE PARAMETER
publish() {
  local file=$ROOT/etc/kubernetes/published-$1.conf group id size
  group=$(group "$1") || return 1
  if [ -z "$group" ] || [ "${revoked:-}" = "$1" ]; then
    rm -f "$file"
    bind "$1" "$2" && group=$(group "$1") || return 1
    revoked=
  fi
  if [ ! -s "$file" ] || ! lasts "$file"; then
    kubeadm kubeconfig user --config "$ROOT/etc/kubeadm/kubeadm.yaml" --client-name "$CLUSTER_NAME-$1" --org "$group" \
      --validity-period 336h0m0s >"$RUN/kubeconfig" || fail "kubeadm kubeconfig user failed"
    write_file "$file" 0600 <"$RUN/kubeconfig"
  fi
  [ ! "$STATE/$1.published" -nt "$file" ] || return 0
  id=$(instance_id) || return 1
  python3 -IS -c '
import json, sys
print(json.dumps({"instanceId": sys.argv[1], "kubeconfig": open(sys.argv[2]).read()}))' "$id" "$file" >"$RUN/message"
  size=$(wc -c <"$RUN/message")
  [ "$size" -le 4096 ] || fail "the kubeconfig message has $size bytes; a parameter must have at most 4096"
  ssm_put "$3" SecureString "$RUN/message" && touch "$STATE/$1.published"
}

if [ -n "$ISSUER_BUCKET" ]; then
  retry "$S3_ATTEMPTS" publish_keys || fail "the keys of service account tokens could not be published in bucket $ISSUER_BUCKET"
fi
revoked=
[ "${1:-}" != --revoke ] || revoked=${2:?}
retry 5 view_nodes || fail "the API server refuses the roles"
for identity in deployer:cluster-admin admin:cluster-admin reader:view previewer:view; do
  name=${identity%:*} parameter=$ACCESS_PATH/${identity%:*}
  [ "$name" != deployer ] || parameter=$KUBECONFIG_PARAMETER
  retry 8 publish "$name" "${identity#*:}" "$parameter" || fail "the kubeconfig could not be published in $parameter"
done
[ -z "$revoked" ] || fail "there is no identity $revoked"
