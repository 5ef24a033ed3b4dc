"""Records scenes. usage: record.py SOURCE OUT [NAME…]     (SOURCE: the folder of this file, OUT: where NAME/truth.json
goes)"""

import os
import subprocess
import sys
import time
import traceback

from scenes import SCENES
from stage import OPTIONS, Stage, fresh_run_dir, give_way_to


def record(name, source, out):
    make_server, attached, play = SCENES[name]
    print(f"== {name}", flush=True)
    fresh_run_dir(source)
    tracer_environment = dict
    if name.endswith("clock-step"):
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", "clock_step.so", "clock_step.c"], check=True)
        tracer_environment = clock_that_steps
    # Without -y descriptors have no names.
    options = [option for option in OPTIONS if option != "-y" or not name.endswith("unnamed")]
    with Stage(name, make_server(), attached, tracer_environment, options) as stage:
        play(stage)
    stage.keep(os.path.join(out, name))


def clock_that_steps():
    """What strace is started with: some seconds from now its wall clock will be 30 s ahead."""
    return {
        "LD_PRELOAD": os.path.abspath("clock_step.so"),
        "CLOCK_STEP_SECONDS": "30",
        "CLOCK_STEP_AT": str(int(time.time()) + 4),
    }


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
        print(f"not recorded: {' '.join(failed)}", file=sys.stderr)
    sys.stdout.flush()
    # Not sys.exit: threads of celery's client would look for their broker, which has ended, for a long while.
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
