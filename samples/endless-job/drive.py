"""Starts the job, goes on with small calls, and is done long before the job is: the capture ends in the middle of
it."""

import time

import http_client
import load

WORKERS = 2
PINGS_SECONDS = 4.0


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    load.warm_up(11, settle_seconds=0.5)

    began = time.time()
    with load.Pinger("/ping", 0.2) as pinger:
        time.sleep(1.1)
        start = http_client.must_succeed(http_client.get("/start"))
        time.sleep(PINGS_SECONDS)
    bad = ["loop-stall"]
    load.write_driver(
        arguments.out,
        began,
        story="endless-job",
        variant=arguments.variant,
        server=f"gunicorn 20.1.0 gevent 22.10.2, {WORKERS} workers",
        expect={
            "found": [] if arguments.healthy else bad,
            "quiet": [*(bad if arguments.healthy else []), "service-stall", *load.CALM],
        },
        connections=1 + len(pinger.pings),
        more={
            **({} if arguments.healthy else {"openStall": True}),
            "answeredAt": start["endedAt"],
            **pinger.truth(),
        },
    )


main()
