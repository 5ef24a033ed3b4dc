#!/bin/sh
# Traces a running server for a while, and notes what the kernel knows about it before and after. Needs no Node.
# Made by drover DROVER:VERSION for DROVER:SERVER. As root, on the host in trouble:
#
#   sh capture.sh [PID]                        PID is any process of the server, master or worker
#   SECONDS_TO_TRACE=10 sh capture.sh PID      shorter than DROVER:SECONDS seconds
#   ENGINE=bpftrace sh capture.sh PID          without slowing the server down, where bpftrace is installed
#
# strace slows the server down while it runs (often by half, at worst far more), and gunicorn kills a worker that is silent for its
# --timeout: keep it short. The capture holds what clients sent: keep it private. Read it with: drover DIRECTORY
set -u
umask 077
export LC_ALL=C

seconds=${SECONDS_TO_TRACE:-DROVER:SECONDS}
engine=${ENGINE:-strace}
machine=DROVER:MACHINE

die() {
  echo "capture.sh: $*" >&2
  exit 1
}

# The oldest process that looks like the server.
find_server() {
  DROVER:FIND
}

# The master above a process when it runs the same program, and everything below it that does.
family() {
  top=$1
  parent=$(ps -o ppid= -p "$top" | tr -d ' ')
  [ "${parent:-1}" -gt 1 ] && [ "$(readlink "/proc/$parent/exe")" = "$(readlink "/proc/$top/exe")" ] &&
    [ "$(ps -o comm= -p "$parent")" = "$(ps -o comm= -p "$top")" ] && top=$parent
  echo "$top"
  for child in $(ps -eo pid=,ppid= | awk -v top="$top" '$2 == top { print $1 }'); do
    [ "$(readlink "/proc/$child/exe")" = "$(readlink "/proc/$top/exe")" ] && echo "$child"
  done
}

section() {
  printf '\n== %s\n' "$1"
  shift
  "$@" 2>&1 | head -c 400000
}

words_of() {
  tr '\0' '\n' <"/proc/$1/cmdline"
}

# What analyze reads beside the trace: who is who, and what was counted meanwhile.
facts() {
  section time date +%s.%N
  section kernel uname -srm
  section processors nproc
  section uptime cat /proc/uptime
  section load cat /proc/loadavg
  section threads ps -eLo pid,tid,ppid,comm
  section counters nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtTCPAbortOnData TcpExtTCPAbortOnClose
  section somaxconn cat /proc/sys/net/core/somaxconn
  section syn-backlog cat /proc/sys/net/ipv4/tcp_max_syn_backlog
  section listeners ss -ltnpe
  section unix-listeners ss -xlpe
  section sockets ss -tanpeiO
  for pid in $pids; do
    section "command $pid" words_of "$pid"
    section "descriptors $pid" ls -l "/proc/$pid/fd"
    section "status $pid" cat "/proc/$pid/status"
    section "limits $pid" cat "/proc/$pid/limits"
    section "schedstat $pid" cat "/proc/$pid/schedstat"
    group=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    section "cpu $pid" cat "/sys/fs/cgroup$group/cpu.stat"
  done
}

with_strace() {
  command -v strace >/dev/null || die "strace is not installed (apt install strace)"
  words=
  for pid in $pids; do words="$words -p $pid"; done
  # shellcheck disable=SC2086 # words on purpose
  timeout -s INT -k 2 "$seconds" strace -f -ttt -T -y -s 128 -o "$dir/trace.strace" $words
}

with_bpftrace() {
  command -v bpftrace >/dev/null || die "bpftrace is not installed (apt install bpftrace)"
  [ "$(uname -m | sed 's/x86_64/x86-64/;s/aarch64/arm64/')" = "$machine" ] || die "this recipe was made for $machine: drover recipe --machine"
  [ -d /sys/kernel/tracing/events/raw_syscalls ] || [ -d /sys/kernel/debug/tracing/events/raw_syscalls ] ||
    die "the kernel's tracing files are not mounted: mount -t tracefs nodev /sys/kernel/tracing"
  list=
  for pid in $pids; do list="$list @pid[$pid] = 1;"; done
  program | sed "s/@pid\[0\] = 1;/$list/" >"$dir/calls.bt"
  for pid in $pids; do
    for fd in /proc/"$pid"/fd/*; do
      is=$(readlink "$fd") || continue
      is=${is% (deleted)}
      case $is in *[[:space:]]*) ;; *) echo "event=fd pid=$pid fd=${fd##*/} is=$is" ;; esac
    done
  done >"$dir/trace.bpftrace"
  # Compiling and attaching take two seconds.
  BPFTRACE_PERF_RB_PAGES=1024 timeout -s INT -k 6 "$((seconds + 2))" bpftrace -B full "$dir/calls.bt" >>"$dir/trace.bpftrace"
}

program() {
  cat <<'DROVER_PROGRAM'
DROVER:PROGRAM
DROVER_PROGRAM
}

[ "$(id -u)" = 0 ] || echo "capture.sh: not root: only your own processes can be traced" >&2
named=${1:-$(find_server)}
[ -n "$named" ] || die "no DROVER:SERVER found; name a PID"
[ -d "/proc/$named" ] || die "no process $named"
pids=$(family "$named" | tr '\n' ' ')
dir=${DIRECTORY:-drover-capture-$(hostname)-$(date +%Y%m%dT%H%M%S)}
mkdir "$dir" || exit 1
facts >"$dir/facts-before.txt"
echo "capture.sh: tracing $pids for $seconds s with $engine; Ctrl-C ends it early" >&2
trap : INT
"with_$engine"
trap - INT
facts >"$dir/facts-after.txt"
for pid in $pids; do
  sed -n "s/^TracerPid:\t\([1-9].*\)/capture.sh: $pid is still traced by \1/p" "/proc/$pid/status" 2>/dev/null >&2
done
tar czf "$dir.tar.gz" "$dir" 2>/dev/null
echo "capture.sh: done. Read it with: drover $dir   (to copy it: $dir.tar.gz)" >&2
