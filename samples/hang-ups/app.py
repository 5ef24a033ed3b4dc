"""Replies that nobody waits for, and writes to others that have gone."""

import errno
import os
import socket
import subprocess
import sys

import gevent

sys.path.insert(0, os.environ["HOME"])
import truth_log

UPSTREAM = ("127.0.0.1", 18081)
PAGE = b"x" * 8192

truth = truth_log.open_from_environment()
pooled = []  # idle connections to the upstream, as a client library keeps them


def application(environ, start_response):
    path = environ["PATH_INFO"]
    request = f"{environ['REQUEST_METHOD']} {path}"
    with truth.section("request", request):
        if path.startswith("/slow/"):
            gevent.sleep(float(path.rsplit("/", 1)[1]))
        elif path == "/upstream":
            ask_upstream(request)
        elif path == "/helper":
            ask_helper(request)
        write = start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(PAGE)))])
        noting_failure(request, "", write, PAGE)
        return []


def noting_failure(request, target, function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        truth.note("broken-pipe", request, errno.errorcode[error.errno] + target)
        raise


def ask_upstream(request):
    """Uses an idle connection; when the upstream has closed it, a new one."""
    connection = pooled.pop() if pooled else socket.create_connection(UPSTREAM)
    try:
        noting_failure(request, ":upstream", exchange, connection)
    except OSError:
        connection.close()
        connection = socket.create_connection(UPSTREAM)
        exchange(connection)
    pooled.append(connection)


def exchange(connection):
    """A request in two sends, as HTTP clients do it: headers, then body."""
    connection.sendall(b"POST /search HTTP/1.1\r\nContent-Length: 2\r\n\r\n")
    gevent.sleep(0.02)
    connection.sendall(b"{}")
    if not connection.recv(4096):
        raise ConnectionResetError(errno.ECONNRESET, "the upstream closed the connection")


def ask_helper(request):
    """A child process that reads our pipe, and dies."""
    helper = subprocess.Popen(["/bin/true"], stdin=subprocess.PIPE)
    helper.wait()
    try:
        noting_failure(request, ":pipe", os.write, helper.stdin.fileno(), b"work\n")
    except OSError:
        pass
    helper.stdin.close()


truth.note("ready", "worker")
