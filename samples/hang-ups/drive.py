"""Clients that leave politely, clients that reset, clients that only stop sending; an upstream and a helper that go
away."""

import socket
import struct
import threading
import time

import http_client
import load

LEAVE = 5
RESET = 3
HALF_CLOSE = 3
UPSTREAM = 2
HELPER = 2


def serve_upstream():
    """Answers one request per connection; then it closes a little later, as a server with a short keep-alive does."""
    listener = socket.create_server(("127.0.0.1", 18081))
    while True:
        threading.Thread(target=serve_connection, args=(listener.accept()[0],), daemon=True).start()


def serve_connection(connection):
    with connection:
        received = b""
        while not received.endswith(b"{}"):
            received += connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.1)


def reset(path):
    """A client that crashes: its kernel answers with a reset."""
    connection = socket.create_connection(("127.0.0.1", http_client.PORT))
    connected_at = time.time()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: sample\r\nConnection: close\r\n\r\n".encode())
    time.sleep(0.1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return {"request": f"GET {path}", "connectedAt": connected_at, "gaveUpAt": time.time()}


def half_close(path):
    """Says that it has nothing more to send, and waits for the whole reply: perfectly legal."""
    connection = socket.create_connection(("127.0.0.1", http_client.PORT))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: sample\r\nConnection: close\r\n\r\n".encode())
    connection.shutdown(socket.SHUT_WR)
    received = b""
    while part := connection.recv(65536):
        received += part
    if not received.startswith(b"HTTP/1.1 200"):
        raise SystemExit("a half-closed client had no reply")


def pick(client):
    return {key: client[key] for key in ("request", "connectedAt", "gaveUpAt")}


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    parser.add_argument("--behind-nginx", action="store_true")
    arguments = parser.parse_args()
    threading.Thread(target=serve_upstream, daemon=True).start()
    time.sleep(0.2)
    for path in ["/", "/slow/0.01", "/helper", "/upstream"]:
        if path != "/helper" or not arguments.healthy:
            http_client.must_succeed(http_client.get(path))
    time.sleep(1.0)

    began, left, connections = time.time(), [], 0
    time.sleep(0.2)
    for number in range(LEAVE):
        patience = 5.0 if arguments.healthy else 0.2
        left.append(http_client.get(f"/slow/0.5{number}", patience))
        time.sleep(0.6)
    connections += LEAVE
    left = [pick(client) for client in left if client["gaveUpAt"]]
    if not arguments.behind_nginx:
        for _ in range(HALF_CLOSE):
            half_close("/slow/0.1")
        connections += HALF_CLOSE
        if not arguments.healthy:
            for number in range(RESET):
                left.append(reset(f"/slow/0.3{number}"))
                time.sleep(0.5)
            for _ in range(UPSTREAM):
                http_client.must_succeed(http_client.get("/upstream"))
                time.sleep(0.3)
            for _ in range(HELPER):
                http_client.must_succeed(http_client.get("/helper"))
            connections += RESET + UPSTREAM + HELPER
    bad = ["broken-pipe"]
    behind = ", unix socket behind nginx 1.22.1" if arguments.behind_nginx else ""
    load.write_driver(
        arguments.out,
        began,
        story="hang-ups",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 1 worker" + behind,
        expect={
            "found": [] if arguments.healthy else bad,
            "quiet": [
                *([*bad, "abandoned-request"] if arguments.healthy else []),
                "loop-stall", "service-stall", "request-retry", "thundering-herd",
            ],
        },  # fmt: skip
        connections=connections,
        abandoned=left,
    )


main()
