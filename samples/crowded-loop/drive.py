"""Clients that keep the loop busy: many that ask at the same moment, or one that always has its next request there."""

import os
import socket
import threading
import time

import http_client
import load
import truth_log

CLIENTS = 31
ROUNDS = 5
PIPELINED = 41
# gunicorn reads so many bytes at a time: each request fills one read.
READ_BYTES = 8192


def many(pause_seconds):
    """All clients ask in the same millisecond, or one after the other."""
    connections = [http_client.KeepAlive() for _ in range(CLIENTS)]
    for _ in range(ROUNDS):
        time.sleep(0.3)
        barrier = threading.Barrier(CLIENTS)

        def ask(connection):
            barrier.wait()
            connection.get("/work")

        if pause_seconds:
            for connection in connections:
                connection.get("/work")
                time.sleep(pause_seconds)
            continue
        threads = [threading.Thread(target=ask, args=(connection,)) for connection in connections]
        load.run_all(threads)
    for connection in connections:
        connection.close()
    return CLIENTS


def one(pause_seconds):
    """One client that does not wait for answers, or does."""
    head = b"GET /work HTTP/1.1\r\nHost: sample\r\nX-Fill: "
    request = head + b"x" * (READ_BYTES - len(head) - 4) + b"\r\n\r\n"
    for _ in range(ROUNDS):
        time.sleep(0.3)
        with socket.create_connection(("127.0.0.1", http_client.PORT)) as connection:
            if pause_seconds:
                for _ in range(PIPELINED):
                    connection.sendall(request)
                    receive_answers(connection, 1)
                    time.sleep(pause_seconds)
                continue
            writer = threading.Thread(target=connection.sendall, args=(request * PIPELINED,))
            writer.start()
            receive_answers(connection, PIPELINED)
            writer.join()
    return ROUNDS


def receive_answers(connection, number):
    received = b""
    while received.count(b"\r\n\r\nok\n") < number:
        received += connection.recv(65536)


def main():
    parser = load.parser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--healthy", action="store_true")
    parser.add_argument("story", choices=["many", "one"])
    arguments = parser.parse_args()
    load.warm_up(7, path="/ping")

    [worker] = truth_log.ready_pids(os.environ["TRUTH_MAP"])
    began = time.time()
    connections = {"many": many, "one": one}[arguments.story](0.011 if arguments.healthy else 0)
    load.write_driver(
        arguments.out,
        began,
        story="crowded-loop",
        variant=arguments.variant,
        server=arguments.server,
        expect={
            "found": [] if arguments.healthy else ["loop-stall"],
            "quiet": [
                *(["loop-stall", "service-stall"] if arguments.healthy else []),
                *load.CALM,
                "thundering-herd",
                "fd-leak",
            ],
        },
        connections=connections,
        accepts={worker: connections},
    )


main()
