#!/bin/bash
# Lets root alone reach the instance metadata service and its credentials. The hop limit keeps pods with a network of their own
# from it; this keeps those on the host's network, e.g. node-exporter. Runs at each boot, before kubelet.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

address=${IMDS_ENDPOINT#*://}
port=${address#*:}
[ "$port" != "$address" ] || port=80
rule=(OUTPUT -d "${address%%:*}" -p tcp --dport "$port" -m owner ! --uid-owner 0 -j REJECT)
iptables -w -C "${rule[@]}" 2>"$RUN/metadata" || iptables -w -I "${rule[@]}"
