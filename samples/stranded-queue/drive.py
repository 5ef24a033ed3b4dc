"""Small requests all the time, and now and then one that stops its worker. Those that queue up at that worker wait, if
nobody else can take them."""

import time

import http_client
import load

WORKERS = 3
STALLS = 5
SERVERS = {
    "own": "asyncio of Python 3.11.2, 3 processes, a listener each (SO_REUSEPORT)",
    "sync": "3 gunicorn 20.1.0 sync side by side, a worker each, --reuse-port",
    "shared": "asyncio of Python 3.11.2, 3 processes, one listener",
}


def main():
    parser = load.parser()
    parser.add_argument("--queues", required=True, choices=SERVERS)
    arguments = parser.parse_args()
    load.warm_up(5 * WORKERS, settle_seconds=0.5)

    began = time.time()
    with load.Pinger("/quick", 0.05) as pinger:
        for _ in range(STALLS):
            time.sleep(0.3)
            http_client.must_succeed(http_client.get("/stall"))
        time.sleep(0.3)
    own, victims = arguments.queues != "shared", pinger.truth()["victims"]
    if own != (len(victims) >= STALLS):
        raise SystemExit(f"{len(victims)} of {len(pinger.pings)} small requests waited")
    stall = [] if arguments.queues == "sync" else ["loop-stall"]
    load.write_driver(
        arguments.out,
        began,
        story="stranded-queue",
        variant=arguments.variant,
        server=SERVERS[arguments.queues],
        expect={
            "found": [*stall, *(["stranded-queue"] if own else [])],
            "quiet": [
                "service-stall",
                "backlog-overflow",
                *([] if stall else ["loop-stall"]),
                *([] if own else ["stranded-queue"]),
                *load.CALM,
            ],
        },
        connections=STALLS + len(pinger.pings),
        more={**pinger.truth(), **({} if stall else {"turnsAreWork": True})},
    )


main()
