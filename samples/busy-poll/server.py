"""Two processes that share a listener, each with a small epoll loop of its own (level-triggered).

usage: server.py PORT ignores|rounds-down|out-of-files|handles
A GET /later… is answered after a while. ignores: what is ready meanwhile on its connection, the end of the client, is
left unread. rounds-down: it waits for whole seconds, which is no time when the next reply is due sooner.
out-of-files: it may open few files, and tries to accept again and again. handles: it reads the end, and closes.
"""

import os
import resource
import select
import socket
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import prefork
import truth_log

PORT, how = int(sys.argv[1]), sys.argv[2]
WORKERS = 2
FEW_FILES = 16
LATER_SECONDS = 0.5
REPLY = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n"
truth = truth_log.open_from_environment()


def main():
    listener = socket.create_server(("127.0.0.1", PORT), backlog=64)
    listener.setblocking(False)
    if how == "out-of-files":
        resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))
    prefork.run(WORKERS, lambda: Worker(listener).run())


class Worker:
    def __init__(self, listener):
        self._listener = listener
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)
        self._connections = {}
        self._due = {}
        self._spin = None

    def run(self):
        truth.note("ready", "worker")
        while True:
            now = time.time()
            for fd in [fd for fd, at in self._due.items() if at <= now]:
                self.answer(fd)
            waits = max(0, min(self._due.values(), default=now + 2) - now)
            if how == "rounds-down" and waits < 1:
                self.spins()
            for fd, _ in self._epoll.poll(int(waits) if how == "rounds-down" else waits):
                if fd == self._listener.fileno():
                    self.accept()
                elif fd not in self._due:
                    self.read(fd)
                elif how == "ignores":
                    self.spins()
                else:
                    self.forget(fd)

    def spins(self):
        """Nothing gets done from here on, until there is an end to it."""
        self._spin = self._spin or truth.begin("spin", how)

    def spins_no_more(self):
        if self._spin:
            truth.end(self._spin)
        self._spin = None

    def accept(self):
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        truth.note("accept", "")
        connection.setblocking(False)
        self._connections[connection.fileno()] = connection
        self._epoll.register(connection, select.EPOLLIN)

    def read(self, fd):
        head = self._connections[fd].recv(8192)
        if not head:
            self.forget(fd)
            return
        request = head.split(b" HTTP/", 1)[0].decode()
        truth.note("request", request)
        if request.startswith("GET /later"):
            self._due[fd] = time.time() + LATER_SECONDS
        else:
            self.answer(fd)

    def answer(self, fd):
        if fd in self._due:
            self.spins_no_more()
        self._connections[fd].send(REPLY)
        self.close(fd)

    def forget(self, fd):
        self._connections[fd].recv(8192)
        self.close(fd)

    def close(self, fd):
        self._due.pop(fd, None)
        self._epoll.unregister(fd)
        self._connections.pop(fd).close()


main()
