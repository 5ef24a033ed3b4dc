"""The smallest pre-forking server: one listener, four processes. Its second argument says how they wait for
connections.

usage: server.py PORT plain|exclusive|blocking
plain: epoll, level-triggered. exclusive: the same with EPOLLEXCLUSIVE. blocking: accept() itself waits.
"""

import os
import select
import socket
import sys

sys.path.insert(0, os.environ["HOME"])
import prefork
import truth_log

PORT, how = int(sys.argv[1]), sys.argv[2]
WORKERS = 4
truth = truth_log.open_from_environment()


def main():
    listener = socket.create_server(("127.0.0.1", PORT), backlog=64)
    listener.setblocking(how == "blocking")
    prefork.run(WORKERS, lambda: accept_for_ever(listener))


def accept_for_ever(listener):
    truth.note("ready", "worker")
    if how == "blocking":
        while True:
            serve(listener.accept()[0])
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN | (select.EPOLLEXCLUSIVE if how == "exclusive" else 0))
    while True:
        epoll.poll()
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        serve(connection)


def serve(connection):
    with connection:
        connection.setblocking(True)
        request = connection.recv(8192).split(b" HTTP/", 1)[0].decode()
        with truth.section("request", request):
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n")


main()
