#!/bin/bash
# Publishes the public keys of service account tokens, by which AWS knows pods, and an administrator's kubeconfig: made once per
# machine, and again 90 days before its certificate ends.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

BUCKET=$ISSUER_BUCKET
# shellcheck source=archive.sh
. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

RUN=$RUN/publish
install -d -m 0700 "$RUN"
FILE=$ROOT/etc/kubernetes/deployer.conf

# lasts is true when the kubeconfig's certificate is good for another 90 days.
lasts() {
  sed -n 's/^ *client-certificate-data: //p' "$FILE" | base64 -d | openssl x509 -noout -checkend $((90 * 86400)) >"$RUN/checkend"
}

make_kubeconfig() {
  kubeadm kubeconfig user --config "$ROOT/etc/kubeadm/kubeadm.yaml" --client-name "$CLUSTER_NAME-deployer" \
    --org kubeadm:cluster-admins --validity-period 8760h0m0s >"$RUN/kubeconfig" && write_file "$FILE" 0600 <"$RUN/kubeconfig"
}

publish_keys() {
  kubectl --kubeconfig "$ROOT/etc/kubernetes/admin.conf" --request-timeout=20s get --raw /openid/v1/jwks >"$RUN/jwks" &&
    s3_put "$RUN/jwks" openid/v1/jwks
}

if [ -n "$ISSUER_BUCKET" ]; then
  retry "$S3_ATTEMPTS" publish_keys || fail "the keys of service account tokens could not be published in bucket $ISSUER_BUCKET"
fi
if [ ! -s "$FILE" ] || ! lasts; then
  make_kubeconfig || fail "kubeadm kubeconfig user failed"
fi
if [ "$STATE/kubeconfig.published" -nt "$FILE" ]; then
  exit 0
fi
id=$(retry 8 instance_id) || fail "the instance ID could not be read from the metadata service"
python3 -IS -c '
import json, sys
print(json.dumps({"instanceId": sys.argv[1], "kubeconfig": open(sys.argv[2]).read()}))' "$id" "$FILE" >"$RUN/message"
size=$(wc -c <"$RUN/message")
[ "$size" -le 4096 ] || fail "the kubeconfig message has $size bytes; a parameter must have at most 4096"
retry 8 ssm_put "$KUBECONFIG_PARAMETER" SecureString "$RUN/message" || fail "the kubeconfig could not be published in $KUBECONFIG_PARAMETER"
rm -rf "$RUN"
touch "$STATE/kubeconfig.published"
