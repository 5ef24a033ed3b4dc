"""Tasks of celery: a quick one, and one that asks a service which answers after 3 s."""

import socket

from celery import Celery

app = Celery("tasks", broker="redis://127.0.0.1:18082/0", backend="redis://127.0.0.1:18082/1")


@app.task
def add(left, right):
    return left + right


@app.task
def ask():
    with socket.create_connection(("127.0.0.1", 18081), timeout=30) as connection:
        connection.sendall(b"GET /wait/3000 HTTP/1.0\r\n\r\n")
        while connection.recv(65536):
            pass
