"""The load drivers' HTTP client: one connection per request, every step timed, and able to walk away."""

import re
import socket
import time

PORT = 18080


def get(path, patience=30.0, headers=None, port=PORT):
    """Sends one GET on a fresh connection. A client whose patience (seconds) runs out closes and leaves.

    Returns {request, connectedAt, status, headers, body, endedAt, gaveUpAt, error}.
    """
    result = {"request": f"GET {path}", "status": None, "headers": {}, "body": b"", "gaveUpAt": None, "error": None}
    leave_at = time.time() + patience
    connection = socket.create_connection(("127.0.0.1", port), timeout=patience)
    result["connectedAt"] = time.time()
    lines = [f"GET {path} HTTP/1.1", "Host: sample", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    received = b""
    try:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while True:
            connection.settimeout(max(0.001, leave_at - time.time()))
            part = connection.recv(65536)
            if not part:
                break
            received += part
    except socket.timeout:
        result["gaveUpAt"] = time.time()
    except OSError as error:
        result["error"] = str(error)
    finally:
        connection.close()
    result["endedAt"] = time.time()
    parse_response(received, result)
    return result


def parse_response(received, result):
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return
    status = re.match(rb"HTTP/1\.[01] (\d+)", head)
    result["status"] = int(status.group(1)) if status else None
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.decode("latin-1").partition(":")
        result["headers"][name.strip().lower()] = value.strip()
    result["body"] = body


class KeepAlive:
    """One connection that is used for many requests."""

    def __init__(self, port=PORT):
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._received = b""

    def get(self, path):
        result = {"request": f"GET {path}", "status": None, "headers": {}, "body": b"", "error": None}
        self._connection.sendall(f"GET {path} HTTP/1.1\r\nHost: sample\r\n\r\n".encode())
        self._read_until(lambda: b"\r\n\r\n" in self._received)
        parse_response(self._received, result)
        length = int(result["headers"]["content-length"])
        end = self._received.index(b"\r\n\r\n") + 4 + length
        self._read_until(lambda: len(self._received) >= end)
        self._received = self._received[end:]
        return result

    def _read_until(self, done):
        while not done():
            part = self._connection.recv(65536)
            if not part:
                raise SystemExit("the server closed a connection that should stay open")
            self._received += part

    def close(self):
        self._connection.close()


def must_succeed(result):
    """Ends the recording when a request that has to work did not."""
    if result["status"] != 200:
        raise SystemExit(f"{result['request']}: status {result['status']}, {result['error'] or 'no error'}")
    return result
