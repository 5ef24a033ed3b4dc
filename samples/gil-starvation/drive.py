"""Small calls all the time; now and then a report."""

import os
import time

import http_client
import load
import truth_log

REPORTS = 3
PARTS = 67


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    parser.add_argument("--pages", action="store_true")
    arguments = parser.parse_args()
    for number in range(PARTS):
        with open(f"{os.environ['HOME']}/part-{number}.html", "w") as part:
            part.write("<p>part</p>\n" * 20)
    load.warm_up(7)

    began = time.time()
    with load.Pinger("/ping", 0.1) as pinger:
        for _ in range(REPORTS):
            time.sleep(0.7)
            http_client.must_succeed(http_client.get("/report"))
            if arguments.pages:
                time.sleep(0.1)
                http_client.must_succeed(http_client.get("/page"))
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
            "found": [] if arguments.healthy else ["gil-starvation", *(["loop-stall"] if arguments.pages else [])],
            "quiet": [*(["gil-starvation", "loop-stall"] if arguments.healthy else []), "thundering-herd", *load.CALM],
        },
        connections=REPORTS * (2 if arguments.pages else 1) + len(pinger.pings),
        more={**({} if arguments.healthy else {"hogs": hogs}), **pinger.truth()},
    )


main()
