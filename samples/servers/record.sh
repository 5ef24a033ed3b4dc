#!/bin/bash
# Records scenes of real servers: every server of scenes.py with its load. The tracer is told nothing; clients measure
# every request.
# usage: record.sh [SCENE…]      (default: all; OUT=FOLDER puts them elsewhere than beside this script)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story servers

SOURCE=$SAMPLES_DIR/servers
mkdir -p "${OUT:=$SOURCE}"
OUT=$(cd "$OUT" && pwd)
port_is_free 18080 || die "port 18080 is taken"
port_is_free 18081 || die "port 18081 is taken"
nice -n -15 env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME="$RUN_DIR" \
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$SOURCE:$SAMPLES_DIR/lib:$RUN_DIR" \
  /usr/bin/python3 "$SOURCE/record.py" "$SOURCE" "$OUT" "$@" 9>&- &
wait $!
