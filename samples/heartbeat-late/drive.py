"""Naps that make the heartbeat late, one at a time, and one that is too long to survive."""

import os
import time

import http_client
import load
import truth_log

NAPS_SECONDS = [2.3, 2.3, 2.3]
FATAL_SECONDS = 9.0


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    load.warm_up(7)

    began = time.time()
    with load.Pinger("/ping", 0.5) as pinger:
        for seconds in NAPS_SECONDS:
            http_client.must_succeed(http_client.get(f"/nap/{seconds}"))
            time.sleep(1.3)
        fatal = http_client.get(f"/nap/{FATAL_SECONDS}")
        time.sleep(2.0)
    if arguments.healthy == (fatal["status"] is None):
        raise SystemExit(f"the long nap ended with {fatal['status']}, {fatal['error']}")
    aborts = [
        {"pid": record["pid"], "at": record["start"]}
        for record in truth_log.read(os.environ["TRUTH_MAP"])
        if record["kind"] == "abort"
    ]
    bad = ["heartbeat-late", "loop-stall"]
    load.write_driver(
        arguments.out,
        began,
        story="heartbeat-late",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 2 workers, --timeout 4",
        expect={
            "found": [] if arguments.healthy else bad,
            "quiet": [*(bad if arguments.healthy else []), "service-stall", "broken-pipe", "request-retry"],
        },
        connections=len(NAPS_SECONDS) + 1 + len(pinger.pings),
        more={"timeoutSeconds": 4, "aborts": aborts, **pinger.truth()},
    )


main()
