"""Loads that measure every request by the clock of their own process, outside of the tracer. All are bounded in count
and time."""

import glob
import http.server
import select
import socket
import subprocess
import threading
import time

SLOW_SECONDS = 0.05
LISTED = 40


class Load:
    """
    Some clients, each of which asks `each` times, one question every `every` seconds (at once where the last one took
    longer). With `kept` a client uses one connection for all; a client whose `patience` in seconds runs out leaves.
    """

    def __init__(self, label, protocol, clients=1, each=1, every=0.0, kept=False, patience=30.0):
        self.label, self._protocol, self._clients, self._each = label, protocol, clients, each
        self._every, self._kept, self._patience = every, kept, patience
        self._lock = threading.Lock()
        self._answers, self._connections = [], 0

    def run(self):
        # Clients are out of step by a prime part of the period, as independent users are.
        began = time.time()
        threads = [
            threading.Thread(target=self._client, args=(began + self._every * index / (self._clients + 0.31),))
            for index in range(self._clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, start):
        connection = None
        for count in range(self._each):
            time.sleep(max(0.0, start + count * self._every - time.time()))
            connection = self._once(connection)
        if connection is not None:
            self._protocol.leave(connection)

    def _once(self, connection):
        at, clock, port, outcome = time.time(), time.monotonic(), 0, None
        try:
            if connection is not None and has_ended(connection):
                self._protocol.leave(connection)
                connection = None
            if connection is None:
                connection = self._protocol.connect(self._patience)
                with self._lock:
                    self._connections += 1
            outcome = self._protocol.ask(connection)
            port = connection.getsockname()[1]
        except TimeoutError:
            outcome = "left"
        except OSError as error:
            outcome = type(error).__name__
        seconds = time.monotonic() - clock
        with self._lock:
            self._answers.append((at, seconds, port, outcome))
        if self._kept and isinstance(outcome, int) and self._protocol.may_ask_again():
            return connection
        if connection is not None:
            self._protocol.leave(connection)
        return None

    def truth(self):
        waits = sorted(seconds for _, seconds, _, outcome in self._answers if isinstance(outcome, int))
        slow = sorted(
            (answer for answer in self._answers if answer[1] >= SLOW_SECONDS),
            key=lambda answer: -answer[1],
        )[:LISTED]
        return {
            "label": self.label,
            "asks": self._protocol.path,
            "kept": self._kept,
            "requests": len(self._answers),
            "connections": self._connections,
            "outcomes": counted([str(outcome) for *_, outcome in self._answers]),
            "p50Ms": ms(quantile(waits, 0.5)),
            "p99Ms": ms(quantile(waits, 0.99)),
            "slowestMs": ms(waits[-1] if waits else 0.0),
            "slow": [
                {"at": at, "ms": ms(seconds), "port": port, "outcome": str(outcome)}
                for at, seconds, port, outcome in sorted(slow)
            ],
        }


class Streams:
    """Clients that read events for some seconds and leave, as those of a page that is closed do."""

    def __init__(self, label, path, clients, seconds, port):
        self.label, self._path, self._clients, self._seconds, self._port = label, path, clients, seconds, port
        self._streams = []

    def run(self):
        threads = [threading.Thread(target=self._read) for _ in range(self._clients)]
        for thread in threads:
            thread.start()
            time.sleep(0.13)
        for thread in threads:
            thread.join()

    def _read(self):
        at, first, received = time.time(), None, 0
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        connection.sendall(f"GET {self._path} HTTP/1.1\r\nHost: sample\r\nAccept: text/event-stream\r\n\r\n".encode())
        while time.time() < at + self._seconds:
            connection.settimeout(max(0.01, at + self._seconds - time.time()))
            try:
                received += len(connection.recv(65536))
                first = first or time.time()
            except TimeoutError:
                break
        connection.close()
        self._streams.append(
            {"at": at, "firstMs": ms((first or time.time()) - at), "bytes": received, "leftAt": time.time()}
        )

    def truth(self):
        firsts = [stream["firstMs"] for stream in self._streams]
        return {
            "label": self.label,
            "asks": self._path,
            "kept": False,
            "requests": len(self._streams),
            "connections": len(self._streams),
            "outcomes": {"stream": len(self._streams)},
            "p50Ms": quantile(sorted(firsts), 0.5),
            "p99Ms": max(firsts),
            "slowestMs": max(firsts),
            "slow": [],
            "streams": sorted(self._streams, key=lambda stream: stream["at"]),
        }


class Pgbench:
    """
    pgbench, which writes down the time of each transaction by its own clock. It opens one connection more, at first.
    """

    def __init__(self, clients, rate, seconds):
        self.label, self._clients, self._rate, self._seconds = "transactions", clients, rate, seconds

    def run(self):
        command = [
            "/usr/bin/pgbench", "-h", "127.0.0.1", "-p", "18080", "-U", "postgres", "-n", "-c", str(self._clients),
        ]  # fmt: skip
        subprocess.run(
            [*command, "-R", str(self._rate), "-T", str(self._seconds), "-l", "postgres"],
            check=True,
            capture_output=True,
        )

    def truth(self):
        rows = [line.split() for path in sorted(glob.glob("pgbench_log.*")) for line in open(path)]
        # client, transaction, microseconds since it should have begun, script, seconds and microseconds of its end, lag
        ended = [(int(row[4]) + int(row[5]) / 1e6, (int(row[2]) - int(row[6])) / 1e6) for row in rows]
        return committed(self.label, "TPC-B", self._clients, [(end - seconds, seconds) for end, seconds in ended])


class Sessions:
    """
    Sessions of PostgreSQL that `open` makes before the tracer comes, as the pool of an application keeps them: each
    changes one row again and again. One more, the `holder`, does nothing by itself.
    """

    def __init__(self, label, clients, each, every):
        self.label, self._clients, self._each, self._every = label, clients, each, every
        self._waits, self._open, self.holder = [], [], None

    def open(self):
        import psycopg2

        made = [psycopg2.connect(host="127.0.0.1", port=18080, user="postgres") for _ in range(self._clients + 1)]
        *self._open, self.holder = made
        for session in self._open:
            session.autocommit = True
            session.cursor().execute("select 1")

    def run(self):
        threads = [threading.Thread(target=self._client, args=each) for each in enumerate(self._open)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, index, session):
        time.sleep(self._every * index / (self._clients + 0.31))
        for _ in range(self._each):
            at = time.time()
            session.cursor().execute("update pgbench_branches set bbalance = bbalance + 1 where bid = 1")
            self._waits.append((at, time.time() - at))
            time.sleep(max(0.0, at + self._every - time.time()))

    def truth(self):
        return committed(self.label, "update", self._clients, self._waits)


def committed(label, asks, clients, waits):
    """What sessions of a database met: `waits` has when each transaction was asked for, and its seconds."""
    took = sorted(seconds for _, seconds in waits)
    return {
        "label": label,
        "asks": asks,
        "kept": True,
        "requests": len(took),
        "connections": clients + 1,
        "outcomes": {"committed": len(took)},
        "p50Ms": ms(quantile(took, 0.5)),
        "p99Ms": ms(quantile(took, 0.99)),
        "slowestMs": ms(took[-1]),
        "slow": [{"at": at, "ms": ms(seconds)} for at, seconds in waits if seconds >= SLOW_SECONDS][:LISTED],
    }


class Psql:
    """Clients that connect, ask one thing and leave, one after another. `requests` are those that the server took."""

    def __init__(self, label, clients, each, every, statement="select 1"):
        self.label, self._clients, self._each, self._every, self._statement = label, clients, each, every, statement
        self._answers = []

    def run(self):
        threads = [threading.Thread(target=self._client, args=(index,)) for index in range(self._clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, index):
        time.sleep(self._every * index / (self._clients + 0.31))
        command = [
            "/usr/bin/psql", "-h", "127.0.0.1", "-p", "18080", "-U", "postgres", "-q", "-X", "-c", self._statement,
        ]  # fmt: skip
        for _ in range(self._each):
            at = time.time()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            outcome = (
                "answered" if done.returncode == 0 else "refused" if "too many clients" in done.stderr else "failed"
            )
            self._answers.append((at, time.time() - at, outcome))
            time.sleep(max(0.0, at + self._every - time.time()))

    def truth(self):
        waits = sorted(seconds for _, seconds, outcome in self._answers if outcome == "answered")
        return {
            "label": self.label,
            "asks": self._statement,
            "kept": False,
            "requests": len(waits),
            "connections": len(self._answers),
            "outcomes": counted([outcome for *_, outcome in self._answers]),
            "p50Ms": ms(quantile(waits, 0.5)),
            "p99Ms": ms(quantile(waits, 0.99)),
            "slowestMs": ms(waits[-1] if waits else 0.0),
            "slow": [],
        }


class Upstream:
    """
    The service behind: answers `/wait/MS` after so many milliseconds, everything else at once. It keeps connections
    open.
    """

    def __init__(self, port):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                at = time.time()
                words = self.path.strip("/").split("/")
                if words[0] == "wait":
                    time.sleep(int(words[1]) / 1000)
                self.send_response(200)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"hello\n")
                if words[0] == "wait":
                    outer.waits.append({"at": at, "ms": ms(time.time() - at)})

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # Clients of ours end when they like.

        self.waits = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def has_ended(connection):
    """A server may close a connection that idles; its client takes a new one."""
    return bool(select.select([connection], [], [], 0)[0])


def counted(values):
    return {value: values.count(value) for value in sorted(set(values))}


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def ms(seconds):
    return round(seconds * 1000, 2)
