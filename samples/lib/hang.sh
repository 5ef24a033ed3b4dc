# Shared by the stories hang-*: the server hangs (or idles) first, and only then a tracer looks at it for some seconds.
# shellcheck source=record-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/record-lib.sh"

LOOK_SECONDS=7
UPSTREAM_PORT=18081
# A process that the server needs, such as a broker: it ends with the server.
BESIDE_PID=

# record_variants FUNCTION VARIANT…: FUNCTION starts the server and returns; the variants are named after their folders.
record_variants() {
  local start=$1 variant
  shift
  [ $# -gt 0 ] || set -- . healthy bpftrace bpftrace/healthy
  for variant in "$@"; do
    begin_recording "$variant"
    port_is_free "$UPSTREAM_PORT" || die "port $UPSTREAM_PORT is taken"
    "$start"
    case $variant in
    *healthy) begin_hang --variant "$variant" --healthy ;;
    *) begin_hang --variant "$variant" ;;
    esac
    case $variant in
    bpftrace*) look_with_drover ;;
    *) look_with_strace ;;
    esac
    end_hang
    case $variant in
    bpftrace*) keep_bpftrace /dev/null ;;
    *) keep_hang ;;
    esac
  done
}

# begin_hang DRIVE-ARGUMENTS…: returns when the application has said that it is stuck, and the kernel says so too.
# Nothing is traced yet.
begin_hang() {
  "${CLEAN[@]}" PATH=/usr/bin:/bin /usr/bin/python3 drive.py --out driver.json --server "$SERVER_PID" "$@" 8>&- 9>&- &
  DRIVER_PID=$!
  STARTED_PIDS+=("$DRIVER_PID")
  wait_until "the server to hang" has_hung
}

has_hung() {
  kill -0 "$DRIVER_PID" 2>/dev/null || die "the driver has ended"
  [ -s hung ]
}

look_with_strace() {
  local pids
  mapfile -t pids <hung
  attach "${pids[@]}"
  sleep "$LOOK_SECONDS"
  kill -INT "$STRACE_PID"
  wait "$STRACE_PID" || true
}

# The command that a user would type. Which processes belong to the server drover finds by itself.
look_with_drover() {
  BPFTRACE_PROGRAM=calls.bt
  : >descriptors
  node "$SAMPLES_DIR/../bin/drover.js" record "$SERVER_PID" --engine bpftrace --for "${LOOK_SECONDS}s" -q \
    -o "$RUN_DIR/printed" >/dev/null
}

# The driver looks a second time: the server still hangs. Then both end.
end_hang() {
  touch left
  wait "$DRIVER_PID" || die "the driver failed"
  kill -KILL -- "-$SERVER_PID" 2>/dev/null || true
  wait "$SERVER_PID" 2>/dev/null || true
  if [ -n "$BESIDE_PID" ]; then
    kill -KILL "$BESIDE_PID"
    wait "$BESIDE_PID" 2>/dev/null || true
  fi
  wait_until_free
}

wait_until_free() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    if port_is_free "$SAMPLE_PORT"; then return; fi
    sleep 0.1
  done
  die "the server is still listening"
}

# The same as `keep`, but that a thread which hangs has no call that came back: hang.py looks for those that did not.
keep_hang() {
  /usr/bin/python3 assemble_truth.py driver.json /dev/null truth.json \
    strace="$(strace -V | sed -n '1s/.*version //p')" options="${STRACE_OPTIONS[*]}" capture="$CAPTURE" cpus="$(nproc)"
  if grep -qF -e "$SAMPLES_DIR" -e "${HOME:-/nonexistent}/" trace.strace; then
    die "the capture holds paths of the recording machine"
  fi
  /usr/bin/python3 hang.py trace.strace truth.json
  gzip -n9 trace.strace
  mkdir -p "$OUT_DIR"
  mv trace.strace.gz truth.json "$OUT_DIR/"
  echo "   $(stat -c %s "$OUT_DIR/trace.strace.gz") bytes"
}
