#!/bin/sh
# Captures a unit of systemd on its host, under limits of its own. Made by drover DROVER:VERSION.
#   as root: UNIT=web.service sh systemd.sh
#
# Needs   root, systemd-run, strace, and capture.sh beside it (drover recipe SERVER > capture.sh). No Node, no drover.
# Leaves  drover-capture-HOST-TIME-... and its .tar.gz where you are; no unit (--collect).
# Slower  strace slows the server while it runs, often by half. The capture holds what clients sent: keep it private.
# Tried   systemd 252, booted in namespaces: a gunicorn unit under load. NOT tried: user units, and older versions.
set -eu
UNIT=${UNIT:?the unit, web.service}
PID=${PID:-$(systemctl show --property=MainPID --value "$UNIT")}
[ "$PID" -gt 0 ] || { echo "$UNIT has no process" >&2; exit 1; }

# Twice the time at most, and never much memory or CPU: its own limits end it before the server suffers.
systemd-run --wait --pipe --collect --working-directory="$(pwd -P)" \
  -p RuntimeMaxSec=$((DROVER:SECONDS * 2 + 30)) -p MemoryMax=256M -p CPUWeight=20 -p KillSignal=SIGINT \
  -- /bin/sh "$(pwd -P)/capture.sh" "$PID"
echo "drover DIRECTORY reads it."

# A user unit (systemctl --user) has its pid there: PID=$(systemctl --user show -p MainPID --value UNIT).
# With drover on the host: sudo drover record web.service --for DROVER:SECONDSs
