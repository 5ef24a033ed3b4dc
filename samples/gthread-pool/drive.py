"""Slow calls, fewer than there are threads, and small ones beside them: a pool that does its job."""

import argparse
import time

import load

WORKERS = 2
ROUNDS = 5
AT_ONCE = 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    for _ in range(2):
        load.all_at_once(["/warm-up"] * 6)
    time.sleep(1.0)

    began = time.time()
    with load.Pinger("/ping", 0.15) as pinger:
        for _ in range(ROUNDS):
            load.all_at_once(["/work"] * AT_ONCE)
            time.sleep(0.2)
    load.write_driver(
        arguments.out,
        began,
        story="gthread-pool",
        variant="healthy",
        server=f"gunicorn 20.1.0 gthread, {WORKERS} workers with 4 threads",
        expect={
            "found": [],
            "quiet": [
                "loop-stall", "service-stall", "worker-saturation", "gil-starvation", "lock-contention", *load.CALM,
            ],  # fmt: skip
        },
        connections=ROUNDS * AT_ONCE + len(pinger.pings),
        more=pinger.truth(),
    )


main()
