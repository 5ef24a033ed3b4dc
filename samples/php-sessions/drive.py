"""A browser that sends three requests of one session at a time, or three browsers with a session each. Speaks FastCGI,
as nginx would."""

import collections
import os
import socket
import struct
import threading
import time

import load

CLIENTS = 3
REQUESTS = 13
WAITED_SECONDS = 0.005
SCRIPT = f"{os.environ['HOME']}/page.php"


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    return struct.pack("BB", len(name), len(value)) + name.encode() + value.encode()


def get(session):
    """One request on a connection of its own; the headers of the answer."""
    parameters = {
        "SCRIPT_FILENAME": SCRIPT, "SCRIPT_NAME": "/page.php", "REQUEST_METHOD": "GET", "REQUEST_URI": "/page.php",
        "QUERY_STRING": session, "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1",
    }  # fmt: skip
    body = b"".join(pair(name, value) for name, value in parameters.items())
    with socket.create_connection(("127.0.0.1", 18080), timeout=30) as connection:
        connection.sendall(record(1, b"\0\1\0\0\0\0\0\0") + record(4, body) + record(4, b"") + record(5, b""))
        received = b""
        while part := connection.recv(65536):
            received += part
    answer = received.decode("latin-1")
    if "X-Worker" not in answer:
        raise SystemExit(f"no answer: {answer!r}")
    return {name: answer.split(f"{name}: ", 1)[1].split("\r\n", 1)[0] for name in ("X-Worker", "X-Waited")}


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    for number in range(7):
        get(f"warmup{number}")
    time.sleep(1.0)

    answers = []

    def client(number):
        for _ in range(REQUESTS):
            answers.append(get(f"browser{number if arguments.healthy else 0}"))

    began = time.time()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    load.run_all(threads)
    waits = []
    for answer in answers:
        start, end = map(float, answer["X-Waited"].split())
        if end - start >= WAITED_SECONDS:
            # drover shows no session ids.
            lock = f"{os.environ['HOME']}/sessions/sess_…"
            waits.append({"pid": int(answer["X-Worker"]), "start": start, "end": end, "lock": lock})
    accepts = collections.Counter(int(answer["X-Worker"]) for answer in answers)
    load.write_driver(
        arguments.out,
        began,
        story="php-sessions",
        variant=arguments.variant,
        server="php-fpm 8.2, 3 workers",
        expect={
            "found": [] if arguments.healthy else ["lock-contention"],
            "quiet": [
                "loop-stall",
                "service-stall",
                "fd-leak",
                "disk-sync",
                *load.CALM,
                *(["lock-contention"] if arguments.healthy else []),
            ],
        },
        connections=CLIENTS * REQUESTS,
        workers=sorted(accepts),
        accepts=dict(accepts),
        more={"turnsAreWork": True, "lockWaits": sorted(waits, key=lambda wait: wait["start"])},
    )


main()
