"""Asks for reports and exports, is the service that answers them, and counts the open descriptors of the workers from
outside."""

import os
import socket
import threading
import time

import http_client
import load
import truth_log

FORGOTTEN = 17
REQUESTS = 131
PAUSE_SECONDS = 0.09


def serve_upstream():
    listener = socket.create_server(("127.0.0.1", 18081), backlog=64)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection):
    with connection:
        while True:
            request = connection.recv(4096)
            if not request:
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}\n")
            if b"HTTP/1.0" in request:
                return


def open_descriptors(pid):
    targets = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
    sockets = sum(target.startswith("socket:") for target in targets)
    files = sum(target.startswith("/srv/") for target in targets)
    return {"all": len(targets), "sockets": sockets, "files": files}


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    threading.Thread(target=serve_upstream, daemon=True).start()
    load.warm_up(7)

    pids = truth_log.ready_pids(os.environ["TRUTH_MAP"])
    before = {pid: open_descriptors(pid) for pid in pids}
    began = time.time()
    for _ in range(FORGOTTEN):
        http_client.must_succeed(http_client.get("/forget"))
    for number in range(REQUESTS):
        http_client.must_succeed(http_client.get("/report" if number % 2 else "/export"))
        time.sleep(PAUSE_SECONDS)
    after = {pid: open_descriptors(pid) for pid in pids}
    kinds = ["fd-leak"]
    load.write_driver(
        arguments.out,
        began,
        story="descriptor-leak",
        variant=arguments.variant,
        server="gunicorn 20.1.0 sync, 2 workers",
        expect={
            "found": [] if arguments.healthy else kinds,
            "quiet": [
                "loop-stall",
                "service-stall",
                "worker-saturation",
                *load.CALM,
                *(kinds if arguments.healthy else []),
            ],
        },
        connections=FORGOTTEN + REQUESTS,
        more={
            "turnsAreWork": True,
            "descriptors": [{"pid": pid, "before": before[pid], "after": after[pid]} for pid in pids],
        },
    )


main()
