# shellcheck shell=bash
# Shared by the steps: settings, messages, retries, instance metadata, SSM parameters.
set -euo pipefail
shopt -s inherit_errexit

ROOT=${ROOT:-} # empty on a machine, a directory in tests
# shellcheck source=/dev/null
. "$ROOT/etc/kubeadm/bootstrap.env"

STATE=$ROOT/var/lib/kubeadm-bootstrap # finished steps; survives a reboot
RUN=$ROOT/run/kubeadm-bootstrap       # temporary files, secrets too; in memory only
mkdir -p "$STATE"
install -d -m 0700 "$RUN"

# Seconds. Eight attempts take about two minutes.
: "${RETRY_DELAY:=2}" "${RETRY_DELAY_MAX:=30}"

log() { printf 'kubeadm-bootstrap: %s\n' "$*" >&2; }

fail() {
  # shellcheck disable=SC2034 # read by reporting callers
  REASON=$*
  log "error: $*"
  exit 1
}

# retry ATTEMPTS COMMAND [ARGUMENT...] runs the command until it succeeds, with growing pauses.
# Arguments are not logged: they may be secret.
retry() {
  local attempts=$1 attempt=1 delay=$RETRY_DELAY
  shift
  until "$@"; do
    if [ "$attempt" -ge "$attempts" ]; then
      log "$1 failed $attempts times"
      return 1
    fi
    log "$1 failed ($attempt of $attempts), next in $delay s"
    sleep "$delay"
    attempt=$((attempt + 1))
    delay=$((delay * 2 < RETRY_DELAY_MAX ? delay * 2 : RETRY_DELAY_MAX))
  done
}

# write_file PATH MODE takes the content from stdin. Atomic: a reader sees the old file or the new one.
write_file() {
  mkdir -p "${1%/*}" && (umask 077 && cat >"$1.new") && chmod "$2" "$1.new" && mv "$1.new" "$1"
}

imds_token() {
  curl -fsS -m 5 --noproxy '*' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$IMDS_ENDPOINT/latest/api/token"
}

# imds TOKEN PATH prints instance metadata (IMDSv2). Secrets reach curl on stdin, so that ps never shows them.
imds() {
  printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$1" |
    curl -fsS -m 5 --noproxy '*' -K - "$IMDS_ENDPOINT/latest/meta-data/$2"
}

instance_id() {
  local token
  if [ ! -s "$RUN/instance-id" ]; then
    token=$(imds_token) && imds "$token" instance-id | write_file "$RUN/instance-id" 0600 || return 1
  fi
  cat "$RUN/instance-id"
}

# kubelet_flags leaves kubelet's address and the machine's identity in AWS for kubelet, whose unit reads this file last. Without
# them kubelet guesses its address, and nothing in the cluster names the instance.
kubelet_flags() {
  local token zone address id
  token=$(imds_token) && zone=$(imds "$token" placement/availability-zone) && address=$(imds "$token" local-ipv4) && id=$(instance_id) || return 1
  echo "KUBELET_EXTRA_ARGS=--node-ip=$address --provider-id=aws:///$zone/$id" | write_file "$ROOT/etc/default/kubelet" 0644
}

# credentials prints the instance profile's keys as a curl config.
credentials() {
  local token role
  token=$(imds_token) && role=$(imds "$token" iam/security-credentials/) || return 1
  imds "$token" "iam/security-credentials/$role" | python3 -IS -c '
import json, sys
c = json.load(sys.stdin)
print("user = \"%s:%s\"" % (c["AccessKeyId"], c["SecretAccessKey"]))
print("header = \"X-Amz-Security-Token: %s\"" % c["Token"])'
}

# start_of FILE prints the part that fits into a message.
start_of() { head -c 300 "$1" | tr -cd '[:print:]'; }

# signed SERVICE SUBJECT ANSWER ARGUMENT... makes one signed call with curl and leaves the response in the file ANSWER.
# An error is logged, and the next call fetches new keys: these may have expired.
signed() {
  local status
  : >"$3"
  [ -s "$RUN/keys" ] || credentials | write_file "$RUN/keys" 0600 || return 1
  status=$(curl -sS -K - --connect-timeout 10 --aws-sigv4 "aws:amz:$AWS_REGION:$1" -o "$3" -w '%{http_code}' "${@:4}" <"$RUN/keys") || status=none
  if [ "$status" != 200 ]; then
    log "$2: HTTP $status: $(start_of "$3")"
    rm -f "$RUN/keys"
    return 1
  fi
}

# ssm ACTION makes one call with the request in $RUN/request and leaves the answer in $RUN/answer.
ssm() {
  signed ssm "SSM $1" "$RUN/answer" -m 20 -H "X-Amz-Target: AmazonSSM.$1" -H 'Content-Type: application/x-amz-json-1.1' \
    --data-binary "@$RUN/request" "$SSM_ENDPOINT/"
}

# ssm_put NAME TYPE FILE overwrites a parameter with the file's content. A SecureString that is written without its key would get
# AWS's own.
ssm_put() {
  python3 -IS -c '
import json, sys
key, name, kind, path = sys.argv[1:]
secret = {"KeyId": key} if key and kind == "SecureString" else {}
print(json.dumps({"Name": name, "Type": kind, "Value": open(path).read(), "Overwrite": True, **secret}))' "$KMS_KEY" "$@" >"$RUN/request" &&
    ssm PutParameter
}

# ssm_get NAME prints a parameter's value.
ssm_get() {
  python3 -IS -c 'import json, sys; print(json.dumps({"Name": sys.argv[1], "WithDecryption": True}))' "$1" >"$RUN/request" &&
    ssm GetParameter && python3 -IS -c 'import json, sys; sys.stdout.write(json.load(sys.stdin)["Parameter"]["Value"])' <"$RUN/answer"
}

# report ATTEMPTS PHASE STEP REASON publishes this node's status.
report() {
  local id
  id=$(retry "$1" instance_id) || return 1
  python3 -IS -c '
import json, sys, time
keys = ("instanceId", "phase", "step", "reason")
status = dict(zip(keys, sys.argv[2:]), time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
print(json.dumps({"Name": sys.argv[1], "Type": "String", "Value": json.dumps(status), "Overwrite": True}))' \
    "$STATUS_PARAMETER" "$id" "${@:2}" >"$RUN/request" && retry "$1" ssm PutParameter
}

# forget_attempt removes the files of an unfinished kubeadm init or join, but neither certificates nor etcd's data, which
# kubeadm reset would delete.
forget_attempt() {
  systemctl stop kubelet
  rm -f "$ROOT"/etc/kubernetes/manifests/*.yaml "$ROOT"/etc/kubernetes/*.conf "$ROOT/etc/kubernetes/pki/ca.crt"
  rm -rf "$ROOT"/var/lib/kubelet/{config.yaml,kubeadm-flags.env,pki}
  crictl rmp --all --force || log "earlier containers may still run"
}
