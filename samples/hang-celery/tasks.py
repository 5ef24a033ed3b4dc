"""A task that asks another service, without a timeout."""

import os
import socket
import sys

sys.path.insert(0, os.environ["HOME"])
import celery
import hang
from celery.signals import worker_ready

app = celery.Celery("tasks", broker="redis://127.0.0.1:18082/0")
app.conf.task_ignore_result = True


@worker_ready.connect
def ready(**_):
    with open(f"{os.environ['HOME']}/said-ready", "w") as handle:
        handle.write("ready\n")


@app.task
def figures():
    with socket.create_connection(("127.0.0.1", hang.UPSTREAM_PORT)) as upstream:
        upstream.sendall(b"GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n")
        hang.say("upstream", f"127.0.0.1:{hang.UPSTREAM_PORT}")
        upstream.recv(65536)


@app.task
def nothing():
    hang.say("nothing", "")
