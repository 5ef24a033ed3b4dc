"""A request starts a long job "in the background" and answers at once.

JOB in the environment: pool (a ThreadPoolExecutor, which gevent has turned into greenlets: the job runs on the event
loop) or process (a child process does it).
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.environ["HOME"])
import truth_log

JOB_SECONDS = 7.0

in_pool = os.environ["JOB"] == "pool"
executor = ThreadPoolExecutor(max_workers=2)
executor.submit(int).result()  # the pool's first "thread" exists from the start
truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    with truth.section("request", request):
        if environ["PATH_INFO"] == "/start":
            start_job(request)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]


def start_job(request):
    if in_pool:
        executor.submit(crunch, request)
    else:
        seconds = f"import time; end = time.time() + {JOB_SECONDS}\nwhile time.time() < end: pass"
        subprocess.Popen([sys.executable, "-S", "-c", seconds])


def crunch(request):
    with truth.section("block", request, "patched-thread-pool"):
        deadline = time.time() + JOB_SECONDS
        while time.time() < deadline:
            sum(range(100))
