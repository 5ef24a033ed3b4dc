"""Visits each blocker in turn and is itself the other half of most: lock holder, slow upstream, slow resolver, lazy log
reader."""

import fcntl
import os
import socket
import threading
import time

import http_client
import load

HOME = os.environ["HOME"]
TIMES = 5
PAUSE_SECONDS = 0.4
BIG_FILE_MEGABYTES = 600
PATHS = [
    "/sleep", "/slices", "/flock", "/fsync", "/child", "/dns", "/epoll", "/poll", "/receive",
    "/lock", "/lock-timed", "/log", "/cpu", "/pool",
]  # fmt: skip


def serve_upstream():
    listener = socket.create_server(("127.0.0.1", 18081))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer_slowly, args=(connection,), daemon=True).start()


def answer_slowly(connection):
    with connection:
        connection.recv(4096)
        time.sleep(PAUSE_SECONDS)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n{}\n")


def serve_dns():
    """A name server that takes its time and then knows nothing."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.53", 53))
    while True:
        query, client = server.recvfrom(512)
        no_such_name = query[:2] + b"\x81\x83" + query[4:6] + b"\0\0\0\0\0\0" + query[12:]
        threading.Timer(PAUSE_SECONDS, server.sendto, (no_such_name, client)).start()


def visit_flock():
    with open(f"{HOME}/shared.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        threading.Timer(PAUSE_SECONDS, fcntl.flock, (handle, fcntl.LOCK_UN)).start()
        visit("/flock")


def visit_fsync():
    block = os.urandom(1 << 20)
    with open(f"{HOME}/big-file", "wb") as handle:
        for _ in range(BIG_FILE_MEGABYTES):
            handle.write(block)
    visit("/fsync")
    os.unlink(f"{HOME}/big-file")


def visit_log(pipe):
    threading.Timer(PAUSE_SECONDS, drain, (pipe,)).start()
    visit("/log")
    time.sleep(0.05)
    drain(pipe)


def drain(pipe):
    """Reads until the pipe has been empty for a moment."""
    quiet = 0
    while quiet < 3:
        try:
            os.read(pipe, 1 << 20)
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.002)


def visit(path):
    http_client.must_succeed(http_client.get(path))


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    threading.Thread(target=serve_upstream, daemon=True).start()
    threading.Thread(target=serve_dns, daemon=True).start()
    pipe = os.open(f"{HOME}/app.log", os.O_RDONLY | os.O_NONBLOCK)
    for _ in range(7):
        visit("/ping")
    if arguments.healthy:
        visit("/sleep"), visit("/dns"), visit("/child")  # start gevent's pool and its child watcher before the window
    time.sleep(1.0)

    began = time.time()
    special = {"/flock": visit_flock, "/fsync": visit_fsync, "/log": lambda: visit_log(pipe)}
    visits = [path for path in PATHS for _ in range(TIMES)] + ([] if arguments.healthy else ["/import"])
    with load.Pinger("/ping", 0.25) as pinger:
        for path in visits:
            special.get(path, lambda path=path: visit(path))()
            if path == "/pool":
                time.sleep(PAUSE_SECONDS)
            time.sleep(0.1)
    load.write_driver(
        arguments.out,
        began,
        story="blockers-gevent",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 1 worker",
        expect={
            "found": [] if arguments.healthy else ["loop-stall", "lazy-import", "blocking-dns", "disk-sync"],
            "quiet": [
                *(
                    [
                        "loop-stall", "service-stall", "lazy-import", "blocking-dns", "gil-starvation", "disk-sync",
                        "lock-contention",
                    ]  # fmt: skip
                    if arguments.healthy
                    else []
                ),
                *load.CALM,
                "thundering-herd",
                "accept-skew",
            ],
        },
        connections=len(visits) + len(pinger.pings),
        minimumStallSeconds=0.15,
        more=pinger.truth(),
    )


main()
