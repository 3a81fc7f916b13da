#!/bin/bash
# Waits until EC2 announces that it takes this spot instance, two minutes ahead. Then the node takes no new pods, leaves the load
# balancer, and its pods are evicted as their disruption budgets allow, with kubelet's own rights. worker.sh of its successor
# lifts the cordon.
# shellcheck source=node.sh
. "$(dirname "${BASH_SOURCE[0]}")/node.sh"

# Runs beside bootstrap.sh.
RUN=$RUN/spot
install -d -m 0700 "$RUN"

: "${NOTICE_INTERVAL:=5}" "${EVICT_INTERVAL:=5}" # seconds

# pods prints namespace and name of the pods to evict: all but those of DaemonSets, static ones and ended ones.
pods() {
  api GET "/api/v1/pods?fieldSelector=spec.nodeName%3D$NODE_NAME" >"$RUN/pods" && python3 -IS -c '
import json, sys
for pod in json.load(sys.stdin)["items"]:
    meta, owners = pod["metadata"], pod["metadata"].get("ownerReferences", [])
    if pod["status"].get("phase") in ("Succeeded", "Failed") or any(o["kind"] in ("DaemonSet", "Node") for o in owners):
        continue
    if "deletionTimestamp" not in meta:
        print(meta["namespace"], meta["name"])' <"$RUN/pods"
}

evict() {
  api POST "/api/v1/namespaces/$1/pods/$2/eviction" application/json \
    "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"namespace\":\"$1\",\"name\":\"$2\"}}" >"$RUN/evicted"
}

# balance ACTION [ARGUMENT...] makes one call of the load balancing API and leaves the answer in $RUN/answer.
balance() {
  signed elasticloadbalancing "$1" "$RUN/answer" -m 20 --data-urlencode "Version=2015-12-01" --data-urlencode "Action=$1" "${@:2}" "$ELB_ENDPOINT/"
}

# leave_targets removes the instance from the target groups of its cluster. Requests that it has may end. One that it is not in
# takes the call as well.
leave_targets() {
  [ -n "$TARGET_GROUPS" ] || return 0
  local group id
  id=$(instance_id) && balance DescribeTargetGroups || return 1
  grep -o "arn:[^<]*:targetgroup/${TARGET_GROUPS}[^<]*" "$RUN/answer" | sort -u >"$RUN/groups" || return 0
  while read -r group; do
    balance DeregisterTargets --data-urlencode "TargetGroupArn=$group" --data-urlencode "Targets.member.1.Id=$id" || return 1
  done <"$RUN/groups"
}

# noticed is true once there is a notice; without one the metadata service answers 404.
noticed() {
  local token
  token=$(imds_token) && imds "$token" spot/instance-action >"$RUN/action" 2>"$RUN/problem"
}

until noticed; do sleep "$NOTICE_INTERVAL"; done
log "EC2 takes this instance: $(start_of "$RUN/action")"
until cordon true '"true"'; do sleep 1; done
retry 3 leave_targets || log "the load balancer finds out by its health checks"
# The end of the machine ends this.
while pods >"$RUN/left"; do
  [ -s "$RUN/left" ] || break
  while read -r namespace name; do
    evict "$namespace" "$name" || log "$namespace/$name stays for now: $(start_of "$RUN/problem")"
  done <"$RUN/left"
  sleep "$EVICT_INTERVAL"
done
log "drained"
