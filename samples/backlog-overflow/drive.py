"""Stops every worker for a while, three times, and lets many clients connect meanwhile. Those whose SYN was dropped
connect a second late."""

import threading
import time

import http_client
import load

ROUNDS = 3
CLIENTS = 29
# Linux sends a SYN again after one second.
LATE_SECONDS = 0.9


def main():
    parser = load.parser()
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--backlog", type=int, required=True)
    arguments = parser.parse_args()
    load.warm_up(7, settle_seconds=0.5)

    began = time.time()
    late = [round_of_clients(arguments.workers) for _ in range(ROUNDS)]
    dropped = arguments.backlog < CLIENTS
    if dropped != all(late) or dropped != any(late):
        raise SystemExit(f"connections that were late: {late}")
    load.write_driver(
        arguments.out,
        began,
        story="backlog-overflow",
        variant=arguments.variant,
        server=f"gunicorn 20.1.0 gevent 22.10.2, workers: {arguments.workers}, --backlog {arguments.backlog}",
        expect={
            "found": ["loop-stall", *(["backlog-overflow"] if dropped else [])],
            "quiet": load.CALM if dropped else ["backlog-overflow", *load.CALM],
        },
        connections=ROUNDS * (arguments.workers + CLIENTS),
        more={"backlog": arguments.backlog, "lateConnects": late},
    )


def round_of_clients(workers):
    """How many clients could not connect at once."""
    stalls = [
        threading.Thread(target=lambda: http_client.must_succeed(http_client.get("/stall"))) for _ in range(workers)
    ]
    for stall in stalls:
        stall.start()
        time.sleep(0.05)
    connected = []
    clients = [threading.Thread(target=client, args=(connected,)) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in [*clients, *stalls]:
        each.join()
    time.sleep(0.3)
    return sum(seconds >= LATE_SECONDS for seconds in connected)


def client(connected):
    began = time.time()
    answer = http_client.must_succeed(http_client.get("/quick"))
    connected.append(answer["connectedAt"] - began)


main()
