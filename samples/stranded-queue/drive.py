"""Small requests all the time, and now and then one that stops its worker. Those that queue up at that worker wait, if nobody else can take them."""

import argparse
import time

import http_client
import load

WORKERS = 3
STALLS = 5
QUEUES = {"own": "a listener each (SO_REUSEPORT)", "shared": "one listener"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--queues", required=True, choices=QUEUES)
    arguments = parser.parse_args()
    for _ in range(5 * WORKERS):
        http_client.must_succeed(http_client.get("/warm-up"))
    time.sleep(0.5)

    began = time.time()
    with load.Pinger("/quick", 0.05) as pinger:
        for _ in range(STALLS):
            time.sleep(0.3)
            http_client.must_succeed(http_client.get("/stall"))
        time.sleep(0.3)
    own, victims = arguments.queues == "own", pinger.truth()["victims"]
    if own != (len(victims) >= STALLS):
        raise SystemExit(f"{len(victims)} of {len(pinger.pings)} small requests waited")
    load.write_driver(
        arguments.out,
        began,
        story="stranded-queue",
        variant=arguments.variant,
        server=f"asyncio of Python 3.11.2, {WORKERS} processes, {QUEUES[arguments.queues]}",
        expect={
            "found": ["loop-stall", *(["stranded-queue"] if own else [])],
            "quiet": ["service-stall", "backlog-overflow", *([] if own else ["stranded-queue"]), *load.CALM],
        },
        connections=STALLS + len(pinger.pings),
        more=pinger.truth(),
    )


main()
