"""A few calls, and the syslog daemon: /dev/log of the recording's own name space, read without hurry."""

import os
import socket
import threading
import time

import http_client
import load
import truth_log

CALLS = 11
READ_PAUSE_SECONDS = 0.02


def serve_syslog(server):
    while True:
        server.recv(4096)
        time.sleep(READ_PAUSE_SECONDS)


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind("/dev/log")
    threading.Thread(target=serve_syslog, args=(server,), daemon=True).start()
    http_client.must_succeed(http_client.get("/warm-up"))
    time.sleep(1.0)

    began = time.time()
    for _ in range(CALLS):
        http_client.must_succeed(http_client.get("/order"))
        time.sleep(0.3)
    inside = [
        {"pid": record["pid"], "start": record["start"], "end": record["end"]}
        for record in truth_log.read(os.environ["TRUTH_MAP"])
        if record["kind"] == "gc-io" and record["start"] >= began
    ]
    load.write_driver(
        arguments.out,
        began,
        story="gc-io",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 1 worker, Python 3.11.2 without symbols",
        expect={
            "found": [] if arguments.healthy else ["gc-io"],
            "quiet": [*(["gc-io"] if arguments.healthy else []), "service-stall", "thundering-herd", *load.CALM],
        },
        connections=CALLS,
        more={"gcIo": inside},
    )


main()
