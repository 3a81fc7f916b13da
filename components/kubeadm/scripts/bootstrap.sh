#!/bin/bash
# Makes this machine a node: runs the steps named in STEPS, in order, each until it has succeeded once.
# Idempotent: it can be killed and run again at any point, and is a no-op once all steps are done.
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$LIB/lib.sh"

: "${STEP_TIMEOUT:=2700}" # seconds; longer than a worker waits for its join data
: "${REPORT_ATTEMPTS:=8}"

# fingerprint STEP prints a hash of the inputs of a step that a machine image can contain, and nothing for the other steps,
# which belong to one machine.
fingerprint() {
  case $1 in host | packages | containerd | kubelet) ;; *) return 0 ;; esac
  {
    cat "$LIB/$1.sh" "$LIB/apt.sh"
    echo "$KUBERNETES_PACKAGE_VERSION" "$KUBERNETES_APT" "$KUBERNETES_APT_KEY" "$KUBERNETES_FINGERPRINT" \
      "$CONTAINERD_VERSION" "$CONTAINERD_APT" "$CONTAINERD_APT_KEY" "$CONTAINERD_FINGERPRINT" "$IMAGE_REPOSITORY"
  } | sha256sum | cut -c 1-32
}

# mark_done STEP records on disk that it need not be done again.
mark_done() {
  fingerprint "$1" | write_file "$STATE/$1.done" 0644
  sync "$STATE/$1.done" "$STATE"
}

# is_done STEP is true if it was done with the same inputs. An empty mark has no inputs.
is_done() {
  [ -e "$STATE/$1.done" ] && { [ ! -s "$STATE/$1.done" ] || [ "$(cat "$STATE/$1.done")" = "$(fingerprint "$1")" ]; }
}

# announce STEP reports the start of the step in the background, so that a slow SSM does not delay the boot.
announce() {
  install -d -m 0700 "$RUN/announce"
  { RUN=$RUN/announce report 3 Booting "$1" "" || log "the status could not be reported"; } &
  announced=$!
}

# reason_from CODE makes one short line of the end of a step's output.
reason_from() {
  if [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
    printf 'stopped after %s s; ' "$STEP_TIMEOUT"
  fi
  { grep -v '^[[:space:]]*$' "$RUN/output" || printf 'no output'; } | tail -n 4 | sed 's/^kubeadm-bootstrap: //' | tr '\n' ' ' | tr -cd '[:print:]' | tail -c 600
}

run_step() {
  local step=$1 code=0 reason
  log "step $step"
  # The reason of a failure stays published until the step has succeeded.
  announced=
  [ -e "$STATE/failed" ] || announce "$step"
  timeout -k 30 "$STEP_TIMEOUT" bash "$LIB/$step.sh" 2>&1 | tee "$RUN/output" || code=$?
  [ -z "$announced" ] || wait "$announced" || true
  if [ "$code" -ne 0 ]; then
    reason=$(reason_from "$code")
    log "step $step FAILED: $reason"
    touch "$STATE/failed"
    report "$REPORT_ATTEMPTS" Failed "$step" "$reason" || log "the failure could not be reported"
    exit 1
  fi
  mark_done "$step"
  rm -f "$STATE/failed"
}

# A worker that was off for longer than its certificate lasts joins anew.
kubelet=$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem
if [ "$NODE_ROLE" = worker ] && [ -s "$kubelet" ] && ! openssl x509 -noout -checkend 0 -in "$kubelet" >"$RUN/checkend" 2>&1; then
  log "kubelet's certificate has expired: joining anew"
  rm -f "$STATE"/{ready,worker}.done "$kubelet"
fi
if [ -e "$STATE/ready.done" ]; then
  # systemd has given up on a data disk that was attached late, and on kubelet with it. Until the disk is there this unit fails,
  # and is restarted.
  if [ -n "$DATA_MOUNT" ] && ! mountpoint -q "$ROOT$DATA_MOUNT"; then
    mount "$DATA_MOUNT" || fail "the data disk cannot be mounted at $DATA_MOUNT"
    log "the data disk is mounted: starting kubelet"
    systemctl start kubelet
  fi
  exit 0
fi
[ -n "$STATUS_PARAMETER" ] || report() { :; } # a machine that becomes an image reports nothing
for step in $STEPS; do
  is_done "$step" || run_step "$step"
  # Images are pulled beside the next steps. This is optional: kubeadm and kubelet pull missing ones.
  [ "$step" != containerd ] || [ "$NODE_ROLE" = image ] || bash "$LIB/images.sh" >"$RUN/images" 2>&1 &
done
if [ "$NODE_ROLE" = image ]; then
  log "ready to become an image"
  systemctl poweroff
  exit 0
fi
report "$REPORT_ATTEMPTS" Ready ready "" || fail "the status could not be reported"
mark_done ready
log "ready"
