"""A few clients that each ask again as soon as they are answered."""

import os
import threading
import time

import http_client
import load
import truth_log

CLIENTS = 5
HEALTHY_CLIENTS = 2  # fewer than workers: nobody is saturated
REQUESTS = 7
WAITED_SECONDS = 0.005


def client(path):
    for _ in range(REQUESTS):
        http_client.must_succeed(http_client.get(path))


def records(kind, began, least):
    return [
        {"pid": record["pid"], "start": record["start"], "end": record["end"], "lock": record["text"]}
        for record in truth_log.read(os.environ["TRUTH_MAP"])
        if record["kind"] == kind and record["start"] >= began and record["end"] - record["start"] >= least
    ]


def main():
    parser = load.parser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--healthy", action="store_true")
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    load.warm_up(7)

    clients = HEALTHY_CLIENTS if arguments.healthy else CLIENTS
    began = time.time()
    for path in arguments.paths:
        time.sleep(0.2)
        threads = [threading.Thread(target=client, args=(path,)) for _ in range(clients)]
        load.run_all(threads)
    waits = records("lock-wait", began, WAITED_SECONDS)
    load.write_driver(
        arguments.out,
        began,
        story="shared-lock",
        variant=arguments.variant,
        server=f"gunicorn 20.1.0 {arguments.server}, Python 3.11.2, SQLite 3.40",
        expect={
            "found": [] if arguments.healthy else ["lock-contention"],
            "quiet": [
                "loop-stall", "service-stall", "gil-starvation", "fd-leak", *load.CALM,
                *(["lock-contention", "disk-sync"] if arguments.healthy else []),
            ],
        },
        connections=clients * REQUESTS * len(arguments.paths),
        more={
            "turnsAreWork": True,
            "lockWaits": [] if arguments.healthy else waits,
            "lockHolds": [] if arguments.healthy else records("lock-hold", began, 0),
        },
    )


main()
