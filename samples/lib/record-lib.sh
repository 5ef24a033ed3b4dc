# Shared by every record.sh: run one server under strace, load it, keep the trace and the truth.
# The server runs from a neutral directory with a clean environment, so that a capture holds nothing of the recorder's
# machine.
set -euo pipefail

SAMPLE_PORT=18080
RUN_DIR=/srv/drover-sample
SAMPLES_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STRACE_OPTIONS=(-f -ttt -T -y -s 128)
CLEAN=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=$RUN_DIR TRUTH_MAP=$RUN_DIR/truth.map
  PYTHONPATH=/usr/lib/python3/dist-packages)
# Python servers run from a virtual environment with Debian's packages on its path: what site-packages of the recording
# machine would load at every start (.pth files) stays out of the captures.
PYTHON=$RUN_DIR/venv/bin/python3
GUNICORN=$RUN_DIR/venv/bin/gunicorn
STARTED_GROUPS=()
STARTED_PIDS=()

die() {
  echo "record.sh: $*" >&2
  exit 1
}

# begin_story STORY: take the lock, and copy the story and the library into the run directory.
begin_story() {
  STORY=$1
  [ "$(id -u)" = 0 ] || die "run as root: strace has to follow servers that change user"
  exec 9>/run/lock/drover-sample.lock
  flock -n 9 || die "another recording is running"
  trap clean_up EXIT
  trap 'exit 130' INT TERM
}

clean_up() {
  local group pid
  for group in "${STARTED_GROUPS[@]}"; do kill -KILL -- "-$group" 2>/dev/null || true; done
  for pid in "${STARTED_PIDS[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$RUN_DIR"
}

# begin_recording VARIANT: an empty run directory and truth map; VARIANT "." is the story itself.
begin_recording() {
  VARIANT=$1
  OUT_DIR=$SAMPLES_DIR/$STORY/$VARIANT
  rm -rf "$RUN_DIR"
  mkdir -p "$RUN_DIR"
  find "$SAMPLES_DIR/$STORY" -maxdepth 1 -type f ! -name '*.gz' ! -name truth.json -exec cp -t "$RUN_DIR" {} +
  find "$SAMPLES_DIR/lib" -maxdepth 1 -name '*.py' -exec cp -t "$RUN_DIR" {} +
  cd "$RUN_DIR"
  make_venv
  "${CLEAN[@]}" /usr/bin/python3 truth_log.py create truth.map
  port_is_free "$SAMPLE_PORT" || die "port $SAMPLE_PORT is taken"
  echo "== $STORY / $VARIANT"
}

make_venv() {
  /usr/bin/python3 -m venv --without-pip venv
  printf '%s\n' "#!$PYTHON" 'import sys' 'from gunicorn.app.wsgiapp import run' 'sys.exit(run())' >"$GUNICORN"
  chmod +x "$GUNICORN"
}

port_is_free() { [ -z "$(ss -Hltn "sport = :$1")" ]; }

# start_traced COMMAND…: strace runs the server from its first instruction. SERVER_PID is the server's first process.
start_traced() {
  CAPTURE=started
  setsid "${CLEAN[@]}" strace "${STRACE_OPTIONS[@]}" -o trace.strace "$@" >server.log 2>&1 8>&- 9>&- &
  STRACE_PID=$!
  SERVER_PID=
  STARTED_GROUPS+=("$STRACE_PID")
  wait_until "the server to start" server_has_started
}

# strace starts and ends a child of its own first, to see what ptrace can do; the first traced line names the right one.
server_has_started() { SERVER_PID=$(sed -n '1s/ .*//p' trace.strace 2>/dev/null) && [ -n "$SERVER_PID" ]; }

# start_untraced COMMAND…: the same, for a capture that attaches later.
start_untraced() {
  CAPTURE=attached
  setsid "${CLEAN[@]}" "$@" >server.log 2>&1 8>&- 9>&- &
  SERVER_PID=$!
  STRACE_PID=
  STARTED_GROUPS+=("$SERVER_PID")
}

# attach PID…: what an engineer on call does with a running server.
attach() {
  local options=() pid
  for pid in "$@"; do options+=(-p "$pid"); done
  setsid "${CLEAN[@]}" strace "${STRACE_OPTIONS[@]}" -o trace.strace "${options[@]}" 2>>strace.log 8>&- 9>&- &
  STRACE_PID=$!
  STARTED_PIDS+=("$STRACE_PID")
  wait_until "strace to attach" all_traced "$@"
  sleep 1.3
}

# attach_bpftrace PROGRAM PID…: the same with one of drover's bpftrace programs, which must be built (npm ci).
attach_bpftrace() {
  local program=$1 environment
  shift
  BPFTRACE_PROGRAM=$program.bt
  node "$SAMPLES_DIR/lib/bpftrace-program.mjs" program "$program" "$SAMPLE_PORT" "$@" >program.bt
  node "$SAMPLES_DIR/lib/bpftrace-program.mjs" descriptors "$@" >descriptors
  mapfile -t environment < <(node "$SAMPLES_DIR/lib/bpftrace-program.mjs" environment "$program")
  # Not -o: bpftrace keeps what it writes to a file of its own in a buffer, and an idle server would show nothing.
  setsid "${CLEAN[@]}" "${environment[@]}" bpftrace program.bt >printed 2>bpftrace.log 8>&- 9>&- &
  STRACE_PID=$!
  STARTED_PIDS+=("$STRACE_PID")
  wait_until "bpftrace to attach" grep -qs event=start printed
  sleep 1.3
}

all_traced() {
  local status
  for pid in "$@"; do
    for status in /proc/"$pid"/task/*/status; do
      grep -q "^TracerPid:[[:space:]]*$STRACE_PID$" "$status" || return 1
    done
  done
}

# wait_until WHAT CONDITION…: at most 30 s.
wait_until() {
  local what=$1 tries alive
  shift
  for ((tries = 0; tries < 300; tries++)); do
    if "$@"; then return; fi
    alive=${SERVER_PID:-$STRACE_PID}
    kill -0 "$alive" 2>/dev/null || break
    sleep 0.1
  done
  tail -20 server.log >&2 || true
  die "gave up waiting for $what"
}

worker_pids() { "${CLEAN[@]}" /usr/bin/python3 truth_log.py pids truth.map; }

workers_are_ready() { [ "$(worker_pids | wc -w)" = "$1" ]; }

# wait_workers N: the workers have said that they are ready (in the truth map: no connection is spent on asking).
wait_workers() {
  wait_until "$1 workers" workers_are_ready "$1"
  sleep 1.5
}

port_is_taken() { ! port_is_free "$1"; }

wait_listening() {
  wait_until "a listener on port $1" port_is_taken "$1"
  sleep "${2:-2}"
}

# drive ARGUMENTS…: the load, outside the trace.
drive() { "${CLEAN[@]}" PATH=/usr/bin:/bin /usr/bin/python3 drive.py --out driver.json "$@"; }

# stop_server [SIGNAL]: the server ends by itself, and strace with it; an attached strace is detached first.
stop_server() {
  local signal=${1:-TERM}
  if [ "$CAPTURE" = attached ]; then
    kill -INT "$STRACE_PID"
    wait "$STRACE_PID" || true
    kill "-$signal" "$SERVER_PID"
    wait "$SERVER_PID" || true
  else
    kill "-$signal" "$SERVER_PID"
    wait "$STRACE_PID" || true
  fi
  port_is_free "$SAMPLE_PORT" || die "the server is still listening"
}

# keep_bpftrace: the same for what bpftrace printed, behind what descriptors were open before. The tests compare it with
# the truth.
keep_bpftrace() {
  local map=${1:-truth.map}
  /usr/bin/python3 assemble_truth.py driver.json "$map" truth.json \
    bpftrace="$(bpftrace --version | sed 's/.*v//')" program="$BPFTRACE_PROGRAM" capture="$CAPTURE" cpus="$(nproc)"
  if grep -q '^Lost ' printed; then die "bpftrace lost events"; fi
  cat descriptors printed >trace.bpftrace
  if grep -qF -e "$SAMPLES_DIR" -e "${HOME:-/nonexistent}/" trace.bpftrace; then
    die "the capture holds paths of the recording machine"
  fi
  gzip -n9 trace.bpftrace
  mkdir -p "$OUT_DIR"
  mv trace.bpftrace.gz truth.json "$OUT_DIR/"
  echo "   $(stat -c %s "$OUT_DIR/trace.bpftrace.gz") bytes"
}

# keep [MAP]: truth.json and the compressed trace go to the sample's folder. Pass /dev/null for a server without a truth
# map.
keep() {
  local map=${1:-truth.map}
  /usr/bin/python3 assemble_truth.py driver.json "$map" truth.json \
    strace="$(strace -V | sed -n '1s/.*version //p')" options="${STRACE_OPTIONS[*]}" capture="$CAPTURE" cpus="$(nproc)"
  if grep -qF -e "$SAMPLES_DIR" -e "${HOME:-/nonexistent}/" trace.strace; then
    die "the capture holds paths of the recording machine"
  fi
  /usr/bin/python3 check_sample.py trace.strace truth.json
  gzip -n9 trace.strace
  mkdir -p "$OUT_DIR"
  mv trace.strace.gz truth.json "$OUT_DIR/"
  echo "   $(stat -c %s "$OUT_DIR/trace.strace.gz") bytes"
}
