"""One path per way to stop an event loop.

COOPERATE in the environment: no (each handler does it the blocking way) or yes (the same work, cooperatively or on a
native thread of gevent's pool).
"""

import fcntl
import importlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import gevent
import gevent.monkey

sys.path.insert(0, os.environ["HOME"])
import truth_log

PAUSE_SECONDS = 0.4
SLICES = 20
CPU_SLICE_SECONDS = 0.004
UPSTREAM = ("127.0.0.1", 18081)
HOME = os.environ["HOME"]
PIPE_BYTES = 256 * 1024
HEAVY_MODULES = [
    "asyncio", "flask", "unittest.mock", "sqlite3", "xml.dom.minidom", "multiprocessing.pool", "pydoc", "ctypes.util",
]  # fmt: skip

cooperates = os.environ["COOPERATE"] == "yes"
original = gevent.monkey.get_original
truth = truth_log.open_from_environment()
executor = ThreadPoolExecutor(max_workers=2)  # monkey-patched: its "threads" are greenlets
log_pipe = os.open(f"{HOME}/app.log", os.O_WRONLY)
document = json.dumps([{"id": row, "name": "item", "tags": ["a", "b"]} for row in range(20)])
on_thread = gevent.get_hub().threadpool.apply


def sleep(blocked):
    blocked(gevent.sleep if cooperates else original("time", "sleep"), PAUSE_SECONDS)


def slices(blocked):
    """Like SQLite's busy handler: many short sleeps, none of them long."""
    nap = gevent.sleep if cooperates else original("time", "sleep")

    def naps():
        for _ in range(SLICES):
            nap(PAUSE_SECONDS / SLICES)

    blocked(naps)


def flock(blocked):
    with open(f"{HOME}/shared.lock") as handle:
        blocked(run, fcntl.flock, handle, fcntl.LOCK_EX)


def fsync(blocked):
    descriptor = os.open(f"{HOME}/big-file", os.O_RDWR)
    blocked(run, os.fsync, descriptor)
    os.close(descriptor)


def child(blocked):
    if cooperates:
        subprocess.run(["/bin/sleep", str(PAUSE_SECONDS)], check=True)
        return
    pid = os.posix_spawn("/bin/sleep", ["sleep", str(PAUSE_SECONDS)], {})
    blocked(original("os", "waitpid"), pid, 0)


def dns(blocked):
    look_up = socket.getaddrinfo if cooperates else original("socket", "getaddrinfo")
    try:
        blocked(look_up, "slow.example.", 80, socket.AF_UNSPEC, socket.SOCK_STREAM)
    except socket.gaierror:
        pass


def second_epoll(blocked):
    wait_for_upstream(lambda connection: wait_with(original("select", "epoll")(), connection, blocked))


def second_poll(blocked):
    wait_for_upstream(lambda connection: wait_with(original("select", "poll")(), connection, blocked))


def wait_with(poller, connection, blocked):
    poller.register(connection.fileno(), select.POLLIN)
    blocked(run, poller.poll)


def wait_for_upstream(wait):
    with socket.create_connection(UPSTREAM) as connection:
        connection.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        wait(connection)
        while connection.recv(4096):
            pass


def receive(blocked):
    """A socket that was never made cooperative."""
    if cooperates:
        wait_for_upstream(lambda connection: None)
        return
    with original("socket", "socket")() as connection:
        connection.connect(UPSTREAM)
        connection.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        blocked(connection.recv, 4096)


def native_lock(blocked):
    take_lock(blocked, lambda lock: lock.acquire())


def native_lock_timed(blocked):
    take_lock(blocked, lambda lock: lock.acquire(timeout=5))


def take_lock(blocked, take):
    """A native thread holds the lock; the loop's thread wants it too."""
    lock = original("_thread", "allocate_lock")()
    lock.acquire()

    def hold():
        original("time", "sleep")(PAUSE_SECONDS)
        lock.release()

    original("_thread", "start_new_thread")(hold, ())
    blocked(run, take, lock)


def write_log(blocked):
    """The log is a pipe, the pipe is full, and nobody reads it for a while."""
    blocked(run, os.write, log_pipe, b"a line of the log\n" * (PIPE_BYTES // 18))


def compute(blocked):
    blocked(crunch)


def compute_in_patched_pool(blocked):
    """Once the pool has a "thread", the reply goes out first; then the pool's greenlet gets the loop, and keeps it."""
    executor.submit(blocked, crunch)


def crunch():
    deadline = time.time() + PAUSE_SECONDS
    while time.time() < deadline:
        slice_end = min(deadline, time.time() + CPU_SLICE_SECONDS) if cooperates else deadline
        while time.time() < slice_end:
            json.dumps(json.loads(document))
        if cooperates:
            gevent.sleep(0.001)


def import_on_request(blocked):
    blocked(import_modules)


def import_modules():
    for name in HEAVY_MODULES:
        importlib.import_module(name)


def run(function, *arguments):
    return on_thread(function, arguments) if cooperates else function(*arguments)


WORK = {
    "/sleep": ("sleep", sleep),
    "/slices": ("sleep", slices),
    "/flock": ("file-lock", flock),
    "/fsync": ("disk-sync", fsync),
    "/child": ("child-wait", child),
    "/dns": ("dns", dns),
    "/epoll": ("foreign-poll", second_epoll),
    "/poll": ("foreign-poll", second_poll),
    "/receive": ("blocking-call", receive),
    "/lock": ("lock", native_lock),
    "/lock-timed": ("lock", native_lock_timed),
    "/log": ("log", write_log),
    "/cpu": ("no-syscall", compute),
    "/pool": ("patched-thread-pool", compute_in_patched_pool),
    "/import": ("import", import_on_request),
}


def section(request, cause):
    """A function that calls another, and logs the time as blocked unless this server cooperates."""

    def blocked(function, *arguments):
        if cooperates:
            return function(*arguments)
        with truth.section("block", request, cause):
            return function(*arguments)

    return blocked


if cooperates:
    import_modules()
truth.note("ready", "worker")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    request = f"{environ['REQUEST_METHOD']} {path}"
    with truth.section("request", request):
        if path in WORK:
            cause, work = WORK[path]
            work(section(request, cause))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
