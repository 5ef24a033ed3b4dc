"""Two name servers, of which the first is silent, and clients that order things."""

import socket
import threading
import time

import http_client
import load

ORDERS = 3
KNOWN = b"\2db\10internal\7example\0"
questions = {"silent": 0, "noSuchName": 0, "answered": 0}


def be_silent():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.53", 53))
    while True:
        server.recvfrom(512)
        questions["silent"] += 1


def answer():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.54", 53))
    while True:
        query, client = server.recvfrom(512)
        is_known = KNOWN in query
        questions["answered" if is_known else "noSuchName"] += 1
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\7" if is_known else b""
        flags = b"\x81\x80" if is_known else b"\x81\x83"
        question = query[12 : query.index(b"\0", 12) + 5]
        server.sendto(
            query[:2] + flags + query[4:6] + (b"\0\1" if is_known else b"\0\0") + b"\0\0\0\0" + question + record,
            client,
        )


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    for serve in (be_silent, answer):
        threading.Thread(target=serve, daemon=True).start()
    for _ in range(7):
        http_client.must_succeed(http_client.get("/ping"))
    if arguments.healthy:
        http_client.must_succeed(http_client.get("/order"))  # starts gevent's threads before the window
    time.sleep(1.0)

    for kind in questions:
        questions[kind] = 0
    began = time.time()
    with load.Pinger("/ping", 0.25) as pinger:
        for _ in range(ORDERS):
            time.sleep(0.3)
            http_client.must_succeed(http_client.get("/order"))
    load.write_driver(
        arguments.out,
        began,
        story="dead-name-server",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 1 worker, glibc 2.36",
        expect={
            "found": [] if arguments.healthy else ["loop-stall", "blocking-dns"],
            "quiet": [
                *(["loop-stall", "service-stall", "blocking-dns"] if arguments.healthy else []),
                *load.CALM,
                "thundering-herd",
                "gil-starvation",
                "lock-contention",
            ],
        },
        connections=ORDERS + len(pinger.pings),
        more={"questions": dict(questions), **pinger.truth()},
    )


main()
