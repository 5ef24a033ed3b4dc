"""Small calls all the time; now and then a report."""

import argparse
import os
import time

import http_client
import load
import truth_log

REPORTS = 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    for _ in range(7):
        http_client.must_succeed(http_client.get("/warm-up"))
    time.sleep(1.0)

    began = time.time()
    with load.Pinger("/ping", 0.1) as pinger:
        for _ in range(REPORTS):
            time.sleep(0.7)
            http_client.must_succeed(http_client.get("/report"))
            time.sleep(1.5)
    hogs = [
        {key: record[key] for key in ("pid", "start", "end")}
        for record in truth_log.read(os.environ["TRUTH_MAP"])
        if record["kind"] == "hog"
    ]
    load.write_driver(
        arguments.out,
        began,
        story="gil-starvation",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 1 worker, Python 3.11.2",
        expect={
            "found": [] if arguments.healthy else ["gil-starvation"],
            "quiet": [*(["gil-starvation", "loop-stall"] if arguments.healthy else []), "thundering-herd", *load.CALM],
        },
        connections=REPORTS + len(pinger.pings),
        more={**({} if arguments.healthy else {"hogs": hogs}), **pinger.truth()},
    )


main()
