#!/bin/sh
# Captures a pod. Made by drover DROVER:VERSION. Set the names, then: sh kubernetes.sh
#
# Needs   kubectl 1.27 or newer, the right to change pods/ephemeralcontainers and to use pods/exec, capture.sh
#         (drover recipe SERVER > capture.sh), and an image with sh and strace (drover recipe containerfile).
# Leaves  an ended container "drover-..." in the pod until the pod goes: kubectl cannot remove it.
# Slower  strace slows the server while it runs, often by half. The capture holds what clients sent: keep it private.
# Tried   capture.sh in a pid namespace with busybox alone. NOT tried: a cluster; kubectl here only showed its options.
set -eu
NAMESPACE=${NAMESPACE:-default}
POD=${POD:?the pod}
CONTAINER=${CONTAINER:?the container in it}
IMAGE=${IMAGE:?an image with sh and strace}
# As the container counts: ps shows it. 1 is right unless tini, dumb-init or a shell is 1: then name the server itself.
PID=${PID:-1}

# The name of the profile always: the default is "legacy" up to kubectl 1.35 and "general" from 1.36 on. general adds
# SYS_PTRACE. Pod Security "baseline" and "restricted" refuse it: use the node, below.
debug=drover-$(date +%s)
set -- --profile=general
# A pod with runAsNonRoot or runAsUser (kubectl 1.30 or newer): NON_ROOT=1 sh kubernetes.sh
# Without it strace says: ptrace(PTRACE_SEIZE, 1): Operation not permitted
if [ -n "${NON_ROOT:-}" ]; then
  custom=$(mktemp)
  trap 'rm -f "$custom"' EXIT
  printf '%s\n' 'securityContext: {runAsUser: 0, runAsNonRoot: false, capabilities: {add: [SYS_PTRACE]}}' >"$custom"
  set -- "$@" --custom="$custom"
fi
# Its time is over after ten minutes, whatever becomes of this script.
kubectl debug -n "$NAMESPACE" "$POD" -c "$debug" --target="$CONTAINER" --image="$IMAGE" "$@" -- sleep 600
tries=0
until kubectl exec -n "$NAMESPACE" "$POD" -c "$debug" -- true 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || { echo "the container did not start: kubectl describe pod -n $NAMESPACE $POD" >&2; exit 1; }
  sleep 2
done
kubectl exec -i -n "$NAMESPACE" "$POD" -c "$debug" -- sh -c 'cat >/tmp/capture.sh' <capture.sh
kubectl exec -n "$NAMESPACE" "$POD" -c "$debug" -- \
  env DIRECTORY=/tmp/capture SECONDS_TO_TRACE=DROVER:SECONDS sh /tmp/capture.sh "$PID"
umask 077
mkdir -p "captures/$POD"
kubectl exec -n "$NAMESPACE" "$POD" -c "$debug" -- cat /tmp/capture.tar.gz | tar -xzf - -C "captures/$POD"
echo "drover captures   reads all pods that were captured so."

# An image with drover in it sends the capture as it grows, and ends when this side does:
#   kubectl exec -n NAMESPACE POD -c NAME -- drover record PID --for DROVER:SECONDSs -o - >captures/POD.trace

# bpftrace, which costs less: only from the node (kubectl 1.30 or newer, kernel with BTF). --profile=sysadmin makes it
# privileged; general is not enough on a node. Leaves a pod node-debugger-...: kubectl delete pod it.
#   kubectl get pod -n NAMESPACE POD -o jsonpath='{.spec.nodeName} {.status.containerStatuses[*].containerID}'
#   kubectl debug node/NODE --profile=sysadmin --image=IMAGE -- sleep 600      it prints the name of its pod
#   kubectl exec -i NODE_POD -- sh -c 'cat >/tmp/capture.sh' <capture.sh
#   kubectl exec NODE_POD -- mount -t tracefs nodev /sys/kernel/tracing        fails where it is mounted: good
#   kubectl exec NODE_POD -- env DIRECTORY=/tmp/capture ENGINE=bpftrace CONTAINER=ID sh /tmp/capture.sh PID
#   kubectl exec NODE_POD -- cat /tmp/capture.tar.gz | tar -xzf - -C captures/POD
# ID is the container's id without containerd:// before it; PID is the one inside the container (NSpid), or none for
# its first process. Not on Fargate, Autopilot and other clusters that refuse privileged pods.
