"""A task that asks a service which may never answer."""

import os
import socket

import celery

app = celery.Celery("tasks", broker=os.environ["BROKER"])
app.conf.task_ignore_result = True


@app.task
def figures(port):
    with socket.create_connection(("127.0.0.1", port)) as upstream:
        upstream.sendall(b"GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n")
        upstream.recv(65536)
