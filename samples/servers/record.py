"""Records scenes. usage: record.py SOURCE OUT [NAME…]     (SOURCE: the folder of this file, OUT: where NAME/truth.json goes)"""

import os
import subprocess
import sys
import time
import traceback

from scenes import SCENES
from stage import Stage, fresh_run_dir, give_way_to


def record(name, source, out):
    make_server, attached, play = SCENES[name]
    print(f"== {name}", flush=True)
    fresh_run_dir(source)
    environment = {}
    if name.endswith("clock-step"):
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", "clock_step.so", "clock_step.c"], check=True)
        # The server settles and warms up first; strace starts about 6 s from now.
        os.environ["CLOCK_STEP_AT"] = str(int(time.time()) + 9)
        environment = {"LD_PRELOAD": os.path.abspath("clock_step.so"), "CLOCK_STEP_SECONDS": "30", "CLOCK_STEP_AT": os.environ["CLOCK_STEP_AT"]}
    with Stage(name, make_server(), attached, environment) as stage:
        play(stage)
    stage.keep(os.path.join(out, name))


def main(source, out, *names):
    os.setsid()
    give_way_to(os.getpid())
    failed = []
    for name in names or SCENES:
        try:
            record(name, source, out)
        except (Exception, SystemExit):
            traceback.print_exc()
            failed.append(name)
    if failed:
        sys.exit(f"not recorded: {' '.join(failed)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
