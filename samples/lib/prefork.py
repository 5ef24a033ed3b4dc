"""A server of several processes: a parent that does nothing but wait, and children that do the work until SIGTERM."""

import os
import signal
import socket


def run(workers, work):
    """Calls `work` in each of so many children, passes SIGTERM on to them, and returns when all have ended."""
    children = [_fork(work) for _ in range(workers)]

    def stop(*_):
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for child in children:
        os.waitpid(child, 0)


def _fork(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    return pid


def listen(port, backlog, reuse_port=False):
    """A listening socket; with `reuse_port` others may listen on the same port, each with a queue of its own."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(backlog)
    return listener
