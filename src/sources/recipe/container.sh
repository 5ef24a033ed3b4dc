#!/bin/sh
# Captures a container of DROVER:ENGINE. Made by drover DROVER:VERSION. Set the names, then: sh DROVER:ENGINE.sh
#
# Needs   DROVER:RIGHT,
#         capture.sh (drover recipe SERVER > capture.sh), and an image with sh and strace (drover recipe containerfile).
# Leaves  nothing: the container that traces removes itself.
# Slower  strace slows the server while it runs, often by half. The capture holds what clients sent: keep it private.
# Tried   podman 4.3 and docker 20.10 as root with runc: a gunicorn in one container, captured from another that had sh
#         and strace, and from the host with strace and bpftrace. podman 4.3 of a user who is not root, with runc: the
#         same; from the host by its PID there. NOT tried: docker without root, and gvisor.
set -eu
CONTAINER=${CONTAINER:?the container, by name or id}
IMAGE=${IMAGE:?an image with sh and strace}
# As the container counts: DROVER:ENGINE top shows it. 1 is right also where 1 is tini, dumb-init or a shell that
# started the server.
PID=${PID:-1}

umask 077
mkdir -p "captures/$CONTAINER"
# The script and the capture go through the pipes: nothing of this host is mounted. What capture.sh says is on stderr.
# shellcheck disable=SC2016 # $1 is for the shell inside
DROVER:ENGINE run --rm -i --pid="container:$CONTAINER" --cap-add SYS_PTRACE --user 0 "$IMAGE" sh -c '
  cat >/tmp/capture.sh &&
  DIRECTORY=/tmp/capture SECONDS_TO_TRACE=DROVER:SECONDS sh /tmp/capture.sh "$1" &&
  cat /tmp/capture.tar.gz' capture "$PID" <capture.sh | tar -xzf - -C "captures/$CONTAINER"
echo "drover captures   reads all containers that were captured so."

# "Operation not permitted" in spite of SYS_PTRACE: a seccomp profile of your own, or Yama:
#   --security-opt seccomp=unconfined         sysctl kernel.yama.ptrace_scope (3: nobody may trace until a reboot)
# From the host, as root, without an image (strace or bpftrace is on the host); PID as the container counts:
#   CONTAINER=$(DROVER:ENGINE inspect -f '{{.Id}}' NAME) sh capture.sh PID
#   CONTAINER=$(DROVER:ENGINE inspect -f '{{.Id}}' NAME) ENGINE=bpftrace sh capture.sh PID
# bpftrace in a container instead: --privileged --pid=host -v /sys/kernel/tracing:/sys/kernel/tracing
