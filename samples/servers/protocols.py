"""How a client speaks to a server: connect, ask once and read the whole answer, leave. All sockets are of 127.0.0.1."""

import importlib
import json
import os
import re
import socket
import ssl
import threading
import time

PORT = 18080


class Http:
    """HTTP/1.1, plain or through TLS. `may_ask_again` says whether the server leaves the connection open."""

    def __init__(self, path="/", method="GET", body=b"", tls=False, port=PORT, kept=False):
        self.path, self._tls, self._port = path, tls, port
        self._closes = threading.local()
        lines = [f"{method} {path} HTTP/1.1", "Host: sample", f"Connection: {'keep-alive' if kept else 'close'}"]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.message = ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def connect(self, patience):
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=patience)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._tls:
            return connection
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(connection)

    def ask(self, connection):
        try:
            connection.sendall(self.message)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The server answers before it has read a body, and closes: its answer may still be there.
        return self.read(connection)

    def read(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            received += part_of(connection)
        head, _, body = received.partition(b"\r\n\r\n")
        self._closes.now = re.search(rb"(?i)connection: *close", head) is not None
        status = int(re.match(rb"HTTP/1\.[01] (\d+)", head).group(1))
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if length:
            while len(body) < int(length.group(1)):
                body += part_of(connection)
        elif re.search(rb"(?i)transfer-encoding: *chunked", head):
            while not body.endswith(b"0\r\n\r\n"):
                body += part_of(connection)
        else:
            while connection.recv(65536):
                pass
        return status

    def may_ask_again(self):
        return not self._closes.now

    def leave(self, connection):
        if self._tls:
            connection.settimeout(0.3)
            try:
                connection.unwrap()  # says close_notify, as a client should
            except (OSError, ssl.SSLError, ValueError):
                pass
        connection.close()


class WebSocket:
    """One request that becomes a conversation: some frames there and back, and a close that both sides say."""

    def __init__(self, path, frames, port=PORT):
        self.path, self._frames, self._port = path, frames, port

    def connect(self, patience):
        return socket.create_connection(("127.0.0.1", self._port), timeout=patience)

    def ask(self, connection):
        lines = [f"GET {self.path} HTTP/1.1", "Host: sample", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        received = part_of(connection)
        for _ in range(self._frames):
            # With a mask of zeros, text is as it is.
            connection.sendall(b"\x81\x85\0\0\0\0hello")
            part_of(connection)
            time.sleep(0.03)
        connection.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
        while connection.recv(65536):
            pass
        return int(received.split()[1])

    @staticmethod
    def leave(connection):
        connection.close()


class FastCgi:
    """A responder request of FastCGI, a connection each."""

    def __init__(self, script, port=PORT):
        self.path, self._port, self._script = script, port, script

    def connect(self, patience):
        return socket.create_connection(("127.0.0.1", self._port), timeout=patience)

    def ask(self, connection):
        values = {
            "SCRIPT_FILENAME": self._script,
            "REQUEST_METHOD": "GET",
            "REQUEST_URI": "/" + self._script.split("/")[-1],
        }
        pairs = b"".join(bytes([len(name), len(value)]) + (name + value).encode() for name, value in values.items())
        connection.sendall(
            self._record(1, b"\0\1\0\0\0\0\0\0") + self._record(4, pairs) + self._record(4) + self._record(5)
        )
        received = b""
        while part := connection.recv(65536):
            received += part
        return 200 if b"hello" in received else 500

    @staticmethod
    def _record(kind, content=b""):
        return bytes([1, kind, 0, 1]) + len(content).to_bytes(2, "big") + b"\0\0" + content

    @staticmethod
    def leave(connection):
        connection.close()


class Lines:
    """A protocol whose answer is known by its end: redis, memcached. One connection asks many times."""

    def __init__(self, question, end, port=PORT):
        self.path, self._port, self._question, self._end = question.split(b"\r\n")[0].decode(), port, question, end

    def connect(self, patience):
        return socket.create_connection(("127.0.0.1", self._port), timeout=patience)

    def ask(self, connection):
        connection.sendall(self._question)
        received = b""
        while not received.endswith(self._end):
            received += part_of(connection)
        return 200

    @staticmethod
    def may_ask_again():
        return True

    @staticmethod
    def leave(connection):
        connection.close()


class Commands(Lines):
    """The same, of a server that may answer with an error: the client is then `refused`."""

    def ask(self, connection):
        connection.sendall(self._question)
        received = b""
        while not received.endswith(b"\r\n"):
            received += part_of(connection)
        return "refused" if received.startswith(b"-") else 200


class Tasks:
    """
    A task of celery, from when it is sent until its result is there. No connection to the worker: a broker is between.
    """

    def __init__(self, name, arguments=()):
        # The module of the worker stands in the run directory, which is new.
        importlib.invalidate_caches()
        tasks = importlib.import_module("tasks")
        self.path, self._arguments, self._app = name, arguments, tasks.app

    def connect(self, _patience):
        return self

    @staticmethod
    def getsockname():
        return ("", 0)

    def ask(self, _connection):
        self._app.send_task(self.path, self._arguments).get(timeout=30)
        return 200

    @staticmethod
    def leave(_connection):
        pass


class Jobs:
    """
    A job of sidekiq, from when it is queued until it says that it is done. No connection to the worker: a broker is
    between.
    """

    def __init__(self, milliseconds=0):
        self.path, self._milliseconds = f"Job {milliseconds}", milliseconds

    def connect(self, patience):
        return socket.create_connection(("127.0.0.1", PORT + 2), timeout=patience)

    def ask(self, connection):
        number = os.urandom(8).hex()
        now = time.time()
        job = {
            "class": "Job", "args": [number, self._milliseconds], "queue": "default", "retry": False, "jid": number,
            "created_at": now, "enqueued_at": now,
        }  # fmt: skip
        connection.sendall(redis_command("LPUSH", "queue:default", json.dumps(job)))
        part_of(connection)
        connection.sendall(redis_command("BLPOP", f"done:{number}", "30"))
        return 200 if part_of(connection).startswith(b"*2") else 504

    @staticmethod
    def leave(connection):
        connection.close()


def redis_command(*words):
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def part_of(connection):
    part = connection.recv(65536)
    if not part:
        raise ConnectionError("the server closed before the answer was there")
    return part
