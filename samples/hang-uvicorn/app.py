"""A coroutine that reads a line from a named pipe, whose other end is open and silent."""

import os
import sys

sys.path.insert(0, os.environ["HOME"])
import hang

JOBS = f"{os.environ['HOME']}/jobs"


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/job":
        with open(JOBS) as jobs:
            hang.say("pipe", JOBS)
            jobs.readline()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"ok\n"})
