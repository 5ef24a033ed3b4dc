"""Three rounds of: A asks, B follows, A's client loses patience and later asks again; between them, calls that go
well."""

import json
import socket
import threading
import time

import http_client
import load

ROUNDS = 3
UPSTREAM_PORT = 18081
UPSTREAM_SECONDS = 0.1
IMPATIENT_SECONDS = 0.5
PATIENT_SECONDS = 10.0
BACK_OFF_SECONDS = 1.0


def serve_upstream():
    listener = socket.create_server(("127.0.0.1", UPSTREAM_PORT))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer_slowly, args=(connection,), daemon=True).start()


def answer_slowly(connection):
    with connection:
        connection.recv(4096)
        time.sleep(UPSTREAM_SECONDS)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n{}\n")


def in_background(results, *arguments):
    thread = threading.Thread(target=lambda: results.append(http_client.get(*arguments)))
    thread.start()
    return thread


def play_round(workers, patience):
    """Returns what A's client, the clients of B and the retry saw."""
    first, crunching, retry = [], [], None
    threads = [in_background(first, "/a", patience)]
    time.sleep(0.05)
    # One B for each worker: the worker that holds A gets one too.
    for _ in range(workers):
        threads.append(in_background(crunching, "/b", PATIENT_SECONDS))
        time.sleep(0.003)
    threads[0].join()
    if first[0]["gaveUpAt"]:
        time.sleep(BACK_OFF_SECONDS)
        retry = http_client.must_succeed(http_client.get("/a", PATIENT_SECONDS))
    for thread in threads:
        thread.join()
    for answer in crunching:
        http_client.must_succeed(answer)
    for _ in range(2):
        time.sleep(0.2)
        http_client.must_succeed(http_client.get("/ok"))
    return first[0], retry


def ping(pings, stop):
    while not stop.is_set():
        answer = http_client.must_succeed(http_client.get("/ok"))
        pings.append({"request": "GET /ok", "start": answer["connectedAt"], "end": answer["endedAt"]})
        time.sleep(0.05)


def expectations(arguments, bad):
    """What must be reported, and what must not, by the design of the scenario."""
    if arguments.variant == "healthy":
        return [], [*bad, "abandoned-request", "service-stall", "thundering-herd", "accept-skew"]
    if arguments.variant == "sleep-zero":
        return ["loop-stall"], ["broken-pipe", "request-retry", "abandoned-request", "thundering-herd", "accept-skew"]
    if arguments.workers == 1:
        return bad, ["thundering-herd", "accept-skew"]
    return [*bad, "service-stall", "thundering-herd"], []


def main():
    parser = load.parser()
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--patient", action="store_true")
    parser.add_argument("--ping", action="store_true")
    arguments = parser.parse_args()
    threading.Thread(target=serve_upstream, daemon=True).start()
    time.sleep(0.2)
    load.warm_up(5 * arguments.workers, path="/a")

    began = time.time()
    time.sleep(0.2)
    rounds, pings, stop = [], [], threading.Event()
    if arguments.ping:
        threading.Thread(target=ping, args=(pings, stop)).start()
    for _ in range(ROUNDS):
        rounds.append(play_round(arguments.workers, PATIENT_SECONDS if arguments.patient else IMPATIENT_SECONDS))
        time.sleep(0.3)
    stop.set()
    time.sleep(0.3)
    left = [first for first, _ in rounds if first["gaveUpAt"]]
    if len(left) != (0 if arguments.patient else ROUNDS):
        raise SystemExit(f"{len(left)} of {ROUNDS} clients lost patience")
    found, quiet = expectations(arguments, ["loop-stall", "broken-pipe", "request-retry"])
    with open(arguments.out, "w") as handle:
        json.dump(
            {
                "story": "distracted-worker",
                "variant": arguments.variant,
                "server": f"gunicorn 20.1.0 gevent 22.10.2, {arguments.workers} worker(s)",
                "window": {"from": began, "to": time.time()},
                "expect": {"found": found, "quiet": quiet},
                "connections": ROUNDS * (1 + arguments.workers + 2) + len(left) + len(pings),
                "abandoned": [dict(pick(first), behind="GET /b") for first in left],
                "retries": [
                    {"request": "GET /a", "firstAt": first["connectedAt"], "againAt": retry["connectedAt"]}
                    for first, retry in rounds
                    if retry
                ],
                "more": {"pings": pings} if pings else {},
            },
            handle,
        )


def pick(first):
    return {key: first[key] for key in ("request", "connectedAt", "gaveUpAt")}


main()
