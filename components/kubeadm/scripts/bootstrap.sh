#!/bin/bash
# Makes this machine a node: runs the steps named in STEPS, in order, each until it has once succeeded.
# Safe to kill and to run again at any point; once all is done it does nothing.
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$LIB/lib.sh"

: "${STEP_TIMEOUT:=2700}" # seconds; longer than a worker waits for its join data
: "${REPORT_ATTEMPTS:=8}"

# mark_done FILE records on disk that something need not be done again.
mark_done() {
  touch "$STATE/$1.done"
  sync "$STATE"
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
  # After a failure its reason stays to be read until the step has succeeded.
  [ -e "$STATE/failed" ] || report 3 Booting "$step" "" || log "the status could not be reported"
  timeout -k 30 "$STEP_TIMEOUT" bash "$LIB/$step.sh" 2>&1 | tee "$RUN/output" || code=$?
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

for step in $STEPS; do
  [ -e "$STATE/$step.done" ] || run_step "$step"
done
if [ ! -e "$STATE/ready.done" ]; then
  report "$REPORT_ATTEMPTS" Ready ready "" || fail "the machine is ready, but its status could not be reported"
  mark_done ready
  log "ready"
fi
