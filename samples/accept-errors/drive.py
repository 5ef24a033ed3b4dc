"""Opens connections and leaves them idle for a while, as browsers do; calls go on beside them."""

import os
import socket
import time

import http_client
import load
import truth_log

IDLE = 41
HOLD_SECONDS = 2.0


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    load.warm_up(5)

    began = time.time()
    with load.Pinger("/ping", 0.2) as pinger:
        time.sleep(0.5)
        idle = [socket.create_connection(("127.0.0.1", http_client.PORT)) for _ in range(IDLE)]
        held = time.time()
        time.sleep(HOLD_SECONDS)
        for connection in idle:
            connection.close()
        released = time.time()
        time.sleep(1.5)
    with open("server.log") as log:
        refusals = log.read().count("OSError: [Errno 24] Too many open files")
    if arguments.healthy == bool(refusals):
        raise SystemExit(f"{refusals} connections could not be accepted")
    connections = IDLE + len(pinger.pings)
    load.write_driver(
        arguments.out,
        began,
        story="accept-errors",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 1 worker",
        expect={
            "found": [] if arguments.healthy else ["accept-errors"],
            "quiet": [
                *(["accept-errors"] if arguments.healthy else []),
                "loop-stall", "service-stall", "thundering-herd", *load.CALM,
            ],
        },  # fmt: skip
        connections=connections,
        accepts={pid: connections for pid in truth_log.ready_pids(os.environ["TRUTH_MAP"])},
        more={"refusals": refusals, "held": {"from": held, "to": released}, **pinger.truth()},
    )


main()
