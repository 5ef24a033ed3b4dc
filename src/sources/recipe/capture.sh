#!/bin/sh
# Traces a running server for a while, and notes what the kernel knows about it before and after. Needs no Node.
# Made by DROVER:MADE. As root, on the host in trouble:
#
#   sh capture.sh [PID]                        PID is any process of the server, master or worker
#   SECONDS_TO_TRACE=10 sh capture.sh PID      shorter than DROVER:SECONDS seconds
#   CONTAINER=ID sh capture.sh [PID]           from the host: PID as that container counts; its first process unless
#                                              given
#   ENGINE=bpftrace sh capture.sh PID          slows the server less, where bpftrace is installed
#
# strace slows the server down while it runs (often by half, at worst far more), and a master may kill a worker that is
# silent for long (gunicorn: --timeout): keep it short. The capture holds what clients sent: keep it private. Read it
# with: drover DIRECTORY
set -u
umask 077
export LC_ALL=C

seconds=${SECONDS_TO_TRACE:-DROVER:SECONDS}
engine=${ENGINE:-strace}
machine=DROVER:MACHINE

# printf, since the echo of some shells acts on backslashes.
say() {
  printf 'capture.sh: %s\n' "$*" >&2
}

die() {
  say "$*"
  exit 1
}

# Digits only, whatever was typed or found.
demand_number() {
  case $2 in
  '' | *[!0-9]*) die "$1 must be a number, not: $2" ;;
  esac
}

# Who may write to a directory, or to one above it, could put a link where a file is about to be written.
demand_private() {
  at=$1
  while :; do
    # shellcheck disable=SC2046 # words on purpose
    set -- $(stat -c '%u %g %a' "$at") || die "cannot look at $at"
    case " 0 $(id -u) ${SUDO_UID:-0} " in
    *" $1 "*) ;;
    *) die "$at belongs to user $1, who could change what is written there: cd to a directory of yours" ;;
    esac
    if [ $((0$3 & 01000)) = 0 ]; then
      [ $((0$3 & 02)) = 0 ] || die "every user could change what is written to $at: cd to a directory of yours"
      [ $((0$3 & 020)) = 0 ] || [ "$2" = 0 ] || [ "$2" = "$1" ] ||
        die "group $2 could change what is written to $at: cd to a directory of yours"
    fi
    [ "$at" != / ] || break
    at=${at%/*}
    at=${at:-/}
  done
}

# The server to trace, by the pids of its masters.
find_server() {
  DROVER:FIND
}

# A program by its own name or by what its interpreter runs. The shell that started it has its name among the words,
# too, and so have an editor and a log reader. Some servers write over their words: "nginx: master process".
is_called() {
  words_of "$1" 2>/dev/null | {
    IFS= read -r word || exit 1
    word=${word%% *}
    word=${word##*/}
    word=${word%:}
    [ "$word" != "$2" ] || exit 0
    word=${word%%[0-9.]*}
    [ "$word" != "$2" ] || exit 0
    case $word in python | pypy | ruby | perl | php) ;; *) exit 1 ;; esac
    while IFS= read -r word; do
      case $word in
      -c | -e | -r) exit 1 ;;
      -*) continue ;;
      esac
      word=${word##*/}
      [ "${word%.*}" = "$2" ]
      exit
    done
    exit 1
  }
}

# The masters of that name. Of two servers nobody can know which one is meant; one that its manager starts worker by
# worker is one.
called() {
  found=
  # grep knows in no time which of all processes are worth a look.
  # shellcheck disable=SC2013 # no pid has a blank
  for file in $(grep -l -- "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
    pid=${file#/proc/}
    pid=${pid%/cmdline}
    is_called "$pid" "$1" && found="$found $pid"
  done
  masters=
  managers=
  for pid in $found; do
    parent_of "$pid"
    case "$found " in *" $parent "*) continue ;; esac
    masters="$masters $pid"
    [ "$parent" -gt 1 ] && case "$managers " in *" $parent "*) continue ;; esac
    managers="$managers $parent"
  done
  # shellcheck disable=SC2086 # words on purpose
  set -- "$1" $managers
  [ $# -le 2 ] || die "several servers are called $1, PID$masters; name one of them: sh capture.sh PID"
  printf '%s\n' "${masters# }"
}

# A process of a container, seen from the host: its control group holds the id, and NSpid its number inside.
in_container() {
  for process in /proc/[0-9]*; do
    grep -q "$1" "$process/cgroup" 2>/dev/null || continue
    inside=$(sed -n 's/^NSpid:.*[[:space:]]//p' "$process/status" 2>/dev/null)
    [ "$inside" != "$2" ] || { printf '%s\n' "${process#/proc/}"; return; }
  done
}

# From /proc: the ps of busybox shows no parent and no threads. A process may be gone meanwhile.
# Sets `parent`, since a subshell for each process would take seconds on a large host.
parent_of() {
  parent=
  { while read -r key value rest; do [ "$key" != PPid: ] || parent=$value; done <"/proc/$1/status"; } 2>/dev/null
}

name_of() {
  { IFS= read -r line <"$1/comm" && printf '%s\n' "$line"; } 2>/dev/null
}

# Whether both run the same program.
alike() {
  [ "$(readlink "/proc/$1/exe")" = "$(readlink "/proc/$2/exe")" ]
}

# All processes and their parents, a line each.
all_parents() {
  grep '^PPid:' /proc/[0-9]*/status 2>/dev/null | sed 's,^/proc/\([0-9]*\)/status:PPid:[[:space:]]*,\1 ,'
}

# What a process started, of `parents`.
children_of() {
  while read -r child parent; do
    [ "$parent" != "$1" ] || [ "$child" = $$ ] || printf '%s\n' "$child"
  done <<EOF
$parents
EOF
}

# Only starts a server and waits for its end: the first process of a container, a shell, sudo.
is_starter() {
  word=$(words_of "$1" 2>/dev/null | head -n 1)
  word=${word%% *}
  word=${word##*/}
  case ${word#-} in
  tini | tini-static | dumb-init | docker-init | catatonit) ;;
  sh | bash | dash | ash | timeout | sudo | su | runuser | npm | npx | yarn | pnpm) ;;
  *) return 1 ;;
  esac
}

# The master above a process when it runs the same program, and everything below it that does. Of a process that only
# started others, those.
family() {
  if is_starter "$1" && [ -n "$(children_of "$1")" ]; then
    for started in $(children_of "$1"); do (family "$started"); done
    return
  fi
  top=$1
  parent_of "$top"
  [ "${parent:-1}" -gt 1 ] && alike "$parent" "$top" &&
    [ "$(name_of "/proc/$parent")" = "$(name_of "/proc/$top")" ] && top=$parent
  printf '%s\n' "$top"
  for child in $(children_of "$top"); do
    if alike "$child" "$top"; then printf '%s\n' "$child"; fi
  done
}

# The date of busybox may know no parts of a second.
now() {
  date +%s.%N | sed 's/\.%N$//'
}

counters() {
  if command -v nstat >/dev/null; then
    nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtTCPAbortOnData TcpExtTCPAbortOnClose
  else
    awk '$1 == "TcpExt:" && !known++ { split($0, name) }
      $1 == "TcpExt:" && known > 1 { for (i = 2; i <= NF; i++) print "TcpExt" name[i], $i }' /proc/net/netstat |
      grep -E 'ListenOverflows|ListenDrops|TCPAbortOnData|TCPAbortOnClose'
  fi
}

threads() {
  for process in /proc/[0-9]*; do
    parent_of "${process#/proc/}"
    [ -n "$parent" ] || continue
    for task in "$process"/task/[0-9]*; do
      {
        IFS= read -r line <"$task/comm" &&
          printf '%s %s %s %s\n' "${process#/proc/}" "${task##*/}" "$parent" "$line"
      } 2>/dev/null
    done
  done
}

# A tab stands before each line of what was found, so that no word of a process, and no name of a file, can look like a
# heading.
section() {
  printf '\n== %s\n' "$1"
  shift
  "$@" 2>&1 | head -c 400000 | sed 's/^/	/'
}

# A word a line: a new line within a word becomes a blank.
words_of() {
  tr '\n\0' ' \n' <"/proc/$1/cmdline"
}

# What analyze reads beside the trace: who is who, and what was counted meanwhile.
facts() {
  section time now
  section host hostname
  section kernel uname -srm
  section processors nproc
  section uptime cat /proc/uptime
  section load cat /proc/loadavg
  section threads threads
  section counters counters
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

# Older ones of busybox know no -k.
for_seconds() {
  if timeout -s INT -k 2 1 true 2>/dev/null; then set -- -k "$@"; else shift; fi
  timeout -s INT "$@"
}

with_strace() {
  command -v strace >/dev/null || die "strace is not installed (apt install strace)"
  words=
  for pid in $pids; do words="$words -p $pid"; done
  # shellcheck disable=SC2086 # words on purpose
  for_seconds 2 "$seconds" strace -f -ttt -T -y -s 128 -o ./trace.strace $words
  ended=$?
}

# bpftrace compares pids inside the kernel, which numbers its first pid namespace the same everywhere.
counts_host_pids() {
  space=$(readlink /proc/self/ns/pid) || return 0
  [ "$space" = 'pid:[4026531836]' ]
}

with_bpftrace() {
  command -v bpftrace >/dev/null || die "bpftrace is not installed (apt install bpftrace)"
  [ "$(uname -m | sed 's/x86_64/x86-64/;s/aarch64/arm64/')" = "$machine" ] ||
    die "this recipe was made for $machine: drover recipe --machine"
  [ -d /sys/kernel/tracing/events/raw_syscalls ] || [ -d /sys/kernel/debug/tracing/events/raw_syscalls ] ||
    die "the kernel's tracing files are not mounted: mount -t tracefs nodev /sys/kernel/tracing"
  list=
  for pid in $pids; do list="$list @pid[(uint64)$pid] = 1;"; done
  program | sed "s/@pid\[(uint64)0\] = 1;/$list/" >calls.bt
  for pid in $pids; do
    for fd in /proc/"$pid"/fd/*; do
      is=$(readlink "$fd") || continue
      is=${is% (deleted)}
      # A name with a blank, a quote or a backslash could pass for more than a name.
      case $is in
      '' | *[[:space:][:cntrl:]\"\\\<\>]*) ;;
      *) printf 'event=fd pid=%s fd=%s is=%s\n' "$pid" "${fd##*/}" "$is" ;;
      esac
    done
  done >trace.bpftrace
  calls_in_flight >>trace.bpftrace
  bpftrace_settings
  # Compiling and attaching take two seconds.
  for_seconds 6 "$((seconds + 2))" bpftrace -B full ./calls.bt >>trace.bpftrace 2>bpftrace.err
  ended=$?
  grep -q '^event=start ' trace.bpftrace || { [ "$ended" != 0 ] || ended=1; }
  [ "$ended" = 0 ] || grep -v -e 'WARNING' -e '^Attached ' bpftrace.err | tail -n 3 >&2
  calls_in_flight >>trace.bpftrace
  # From 0.24 on bpftrace says beside its output how many events it lost; when is not known here.
  sed -n 's/^Lost \([0-9][0-9]*\) events$/event=lost count=\1/p' bpftrace.err >>trace.bpftrace
  rm -f bpftrace.err
}

# As src/sources/bpftrace/version.ts has it: 1,024 pages of buffer for each processor, or from 0.18 and Linux 5.8 on for
# all of them together.
bpftrace_settings() {
  version=$(bpftrace --version | sed -n 's/.*v\([0-9][0-9]*\)\.\([0-9][0-9]*\).*/\1 \2/p')
  case $version in '0 '*) version=${version#0 } ;; ?*) version=1000 ;; *) version=0 ;; esac
  kernel=$(uname -r | sed -n 's/^\([0-9]\{1,3\}\)\.\([0-9]\{1,3\}\).*/\1 * 1000 + \2/p')
  pages=1024
  if [ "$version" -ge 18 ] && [ "$((${kernel:-0}))" -ge 5008 ]; then
    while [ "$pages" -lt 16384 ] && [ "$pages" -lt "$((1024 * $(nproc)))" ]; do pages=$((pages * 2)); done
  fi
  if [ "$version" -ge 21 ]; then export BPFTRACE_MAX_STRLEN=96; else export BPFTRACE_STRLEN=96; fi
  export BPFTRACE_PERF_RB_PAGES="$pages"
}

# What each thread is in: bpftrace sees only calls that begin while it is there.
calls_in_flight() {
  printf '\n'
  for pid in $pids; do
    for task in /proc/"$pid"/task/*; do
      { read -r number a b c d e f rest <"$task/syscall"; } 2>/dev/null || continue
      # `running`, and -1 outside of calls.
      case $number in '' | *[!0-9]*) continue ;; esac
      read -r up rest </proc/uptime
      printf 'event=in ts=%s0000000 pid=%s tid=%s nr=%s a=%s,%s,%s,%s,%s,%s data=\n' \
        "${up%.*}${up#*.}" "$pid" "${task##*/}" "$number" \
        "${a#0x}" "${b#0x}" "${c#0x}" "${d#0x}" "${e#0x}" "${f#0x}"
    done
  done
}

program() {
  cat <<'DROVER_PROGRAM'
DROVER:PROGRAM
DROVER_PROGRAM
}

[ "$(id -u)" = 0 ] || say "not root: only your own processes can be traced"
demand_number SECONDS_TO_TRACE "$seconds"
case $engine in strace | bpftrace) ;; *) die "ENGINE is strace or bpftrace, not: $engine" ;; esac
if [ "$engine" = bpftrace ] && ! counts_host_pids; then
  say "bpftrace counts the pids of the host, and this container has pids of its own: taking strace"
  engine=strace
fi
if [ -n "${CONTAINER:-}" ]; then
  # Twelve digits are the shortest form that tools print.
  case $CONTAINER in
  *[!0-9a-f]* | ? | ?? | ??? | ???? | ????? | ?????? | ??????? | ???????? | ????????? | ?????????? | ???????????)
    die "CONTAINER must be the id of a container, 12 or 64 digits, not: $CONTAINER" ;;
  esac
  demand_number PID "${1:-1}"
  named=$(in_container "$CONTAINER" "${1:-1}")
  [ -n "$named" ] ||
    die "no process ${1:-1} in a container $CONTAINER, as control groups tell; give its PID on this host, without" \
      "CONTAINER: docker top NAME, podman top NAME hpid"
  say "process ${1:-1} of the container is $named here"
else
  named=${1:-$(find_server)} || exit 1
fi
[ -n "$named" ] || die "no DROVER:SERVER found; name a PID"
parents=$(all_parents)
pids=
for pid in $named; do
  demand_number PID "$pid"
  [ -d "/proc/$pid" ] || die "no process $pid"
  pids="$pids$(family "$pid" | tr '\n' ' ')"
done

# A new directory with a name that nobody can foresee, or the one that was asked for; it must not be there. From then on
# this shell stays in it.
dir=${DIRECTORY:-}
if [ -z "$dir" ]; then
  chance=$(head -c 6 /dev/urandom | od -An -tx1 | tr -d ' \n')
  dir=drover-capture-$(hostname | tr -cd 'A-Za-z0-9._-')-$(date +%Y%m%dT%H%M%S)-$chance
fi
case $dir in /*) ;; *) dir=$(pwd -P)/$dir ;; esac
dir=${dir%/}
name=${dir##*/}
parent=$(cd -P -- "${dir%/*}/" && pwd -P) || die "cannot enter ${dir%/*}"
demand_private "$parent"
mkdir -m 700 "$dir" || exit 1
cd -P -- "$dir" || die "cannot enter $dir"
[ "$(stat -c '%u %a' .)" = "$(id -u) 700" ] || die "$dir was replaced by somebody: cd to a directory of yours"

facts >facts-before.txt
say "tracing $pids for $seconds s with $engine; Ctrl-C ends it early"
trap : INT
"with_$engine"
trap - INT
facts >facts-after.txt
for pid in $pids; do
  sed -n "s/^TracerPid:	\([1-9].*\)/capture.sh: $pid is still traced by \1/p" "/proc/$pid/status" 2>/dev/null >&2
done
# 124: its time was over; 130: Ctrl-C.
result='done'
case $ended in
0 | 124 | 130) ;;
*) result="$engine failed (exit code $ended): the capture is not whole" ;;
esac
# noclobber: the archive is a new file, never what a link leads to.
if (set -C && tar -C .. -czf - "./$name" 2>/dev/null >"../$name.tar.gz"); then
  say "$result. Read it with: drover $dir   (to copy it: $dir.tar.gz)"
else
  say "$result. Read it with: drover $dir"
fi
[ "$result" = 'done' ]
