#!/bin/bash
# Reports to CloudWatch that alerts work: Alertmanager holds the alert that always fires. Without the report an alarm of
# CloudWatch is raised.
#
# ALERTMANAGER_URL  address of Alertmanager
# METRIC_NAMESPACE  namespace of the metric in CloudWatch
# CLUSTER           value of the metric's dimension
set -euo pipefail

: "${ALERTMANAGER_URL:?}" "${METRIC_NAMESPACE:?}" "${CLUSTER:?}"

alerts=$(curl --fail --silent --show-error --max-time 20 "${ALERTMANAGER_URL}/api/v2/alerts?active=true&filter=alertname%3D%22Watchdog%22")
if [[ "${alerts}" != *'"alertname":"Watchdog"'* ]]; then
    echo "heartbeat: Alertmanager has no alert Watchdog: Prometheus does not evaluate rules, or does not reach it" >&2
    exit 1
fi
aws cloudwatch put-metric-data --namespace "${METRIC_NAMESPACE}" --metric-name Heartbeat --dimensions "Cluster=${CLUSTER}" --value 1
echo "heartbeat: sent"
