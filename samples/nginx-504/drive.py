"""An upstream that takes requests and does not answer them, and the clients of the proxy in front of it."""

import collections
import socket
import threading
import time

import http_client
import load

UPSTREAM_PORT = 18081
STUCK = 5
PINGS_SECONDS = 0.15
REPLY = b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


def upstream(answers):
    """Answers each request after 20 ms, or takes it and says nothing."""
    listener = socket.create_server(("127.0.0.1", UPSTREAM_PORT))
    kept = []

    def serve():
        while True:
            connection, _ = listener.accept()
            kept.append(connection)
            connection.recv(4096)
            if answers:
                time.sleep(0.02)
                connection.sendall(REPLY)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()


def main():
    words = load.parser()
    words.add_argument("--workers", nargs="+", type=int, required=True)
    arguments = words.parse_args()
    is_healthy = arguments.variant == "healthy"
    upstream(answers=is_healthy)
    load.warm_up(3, path="/")

    began = time.time()
    answers, pings = [], []
    is_over = threading.Event()

    def ping():
        while not is_over.wait(PINGS_SECONDS):
            pings.append(http_client.must_succeed(http_client.get("/")))

    pinger = threading.Thread(target=ping)
    threads = [
        threading.Thread(target=lambda number=number: answers.append(http_client.get(f"/orders/{number}")))
        for number in range(STUCK)
    ]
    pinger.start()
    for thread in threads:
        thread.start()
        time.sleep(0.11)
    for thread in threads:
        thread.join()
    # A healthy capture is as long as one with a timeout.
    time.sleep(max(0, began + 3 - time.time()))
    is_over.set()
    pinger.join()
    expected = 200 if is_healthy else 504
    if any(answer["status"] != expected for answer in answers):
        raise SystemExit(f"statuses {[answer['status'] for answer in answers]}, not {expected}")
    served = collections.Counter(int(answer["headers"]["x-worker"]) for answer in answers + pings)
    load.write_driver(
        arguments.out,
        began,
        story="nginx-504",
        variant=arguments.variant,
        server="nginx 1.22.1, 2 workers, proxy_read_timeout 2s",
        expect={
            "found": [] if is_healthy else ["slow-dependency"],
            "quiet": ["loop-stall", "service-stall", "thundering-herd", *load.CALM]
            + (["slow-dependency", "stuck-call"] if is_healthy else []),
        },
        connections=len(answers) + len(pings),
        workers=arguments.workers,
        accepts={pid: served[pid] for pid in arguments.workers},
        more={
            "upstream": f"127.0.0.1:{UPSTREAM_PORT}",
            "waits": [
                {
                    "request": answer["request"],
                    "status": answer["status"],
                    "start": answer["connectedAt"],
                    "end": answer["endedAt"],
                }
                for answer in sorted(answers, key=lambda answer: answer["connectedAt"])
            ],
        },
    )


main()
