"""Holds the lock on the file of a session, and asks for three pages of that session. Speaks FastCGI, as nginx would."""

import fcntl
import os
import socket
import struct

import hang

SESSION = "visitor"
HOME = os.environ["HOME"]


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    return struct.pack("BB", len(name), len(value)) + name.encode() + value.encode()


def ask(session=SESSION):
    parameters = {
        "SCRIPT_FILENAME": f"{HOME}/page.php", "SCRIPT_NAME": "/page.php", "REQUEST_METHOD": "GET",
        "REQUEST_URI": "/page.php", "QUERY_STRING": session, "SERVER_PROTOCOL": "HTTP/1.1",
        "GATEWAY_INTERFACE": "CGI/1.1",
    }  # fmt: skip
    body = b"".join(pair(name, value) for name, value in parameters.items())
    connection = socket.create_connection(("127.0.0.1", 18080))
    connection.sendall(record(1, b"\0\1\0\0\0\0\0\0") + record(4, body) + record(4, b"") + record(5, b""))
    hang.CLIENTS.append(connection)
    return connection


def ask_other_visitors():
    for number in range(7):
        connection = ask(f"other{number}")
        while connection.recv(65536):
            pass
        # The worker waits for that before it takes the next one.
        connection.close()


def ask_all():
    for count in range(1, 4):
        ask()
        hang.wait_for(f"stuck request {count}", lambda count=count: len(hang.said()) >= count)


session_file = open(f"{HOME}/sessions/sess_{SESSION}", "w")

hang.run(
    story="hang-php-fpm",
    server="php-fpm 8.2, 3 workers",
    before=lambda: fcntl.flock(session_file, fcntl.LOCK_EX),
    warm_up=ask_other_visitors,
    hang=ask_all,
)
