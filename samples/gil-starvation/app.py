"""A request starts a report. REPORT in the environment: thread (a native thread of the same interpreter) or process.
Another request puts a page together from many small files: each file call gives the interpreter lock away, and has to
get it back."""

import os
import subprocess
import sys
import time

import gevent.monkey

sys.path.insert(0, os.environ["HOME"])
import truth_log

REPORT_SECONDS = 1.2
PARTS = 67
STALL_SECONDS = 0.1

in_thread = os.environ["REPORT"] == "thread"
truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    with truth.section("request", request):
        if environ["PATH_INFO"] == "/report":
            start_report()
        if environ["PATH_INFO"] == "/page":
            put_together(request)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]


def put_together(request):
    began = time.time()
    for number in range(PARTS):
        with open(f"{os.environ['HOME']}/part-{number}.html") as part:
            part.read()
    if time.time() - began >= STALL_SECONDS:
        truth.end(truth.begin("block", request, "gil-wait", start=began))


def start_report():
    if in_thread:
        gevent.monkey.get_original("_thread", "start_new_thread")(compute, ())
    else:
        seconds = f"import time; end = time.time() + {REPORT_SECONDS}\nwhile time.time() < end: pass"
        subprocess.Popen([sys.executable, "-S", "-c", seconds])


def compute():
    """Pure Python: it holds the interpreter lock until somebody asks, and then 5 ms more."""
    with truth.section("hog", "GET /report"):
        deadline = time.time() + REPORT_SECONDS
        while time.time() < deadline:
            sum(range(100))
