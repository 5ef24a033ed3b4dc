"""What the stories hang-* share: the application's side (`say`), the driver's side (`run`), and a look into the
capture.

An application says that it is about to get stuck by a line of JSON in a file, before any tracer is there. The driver
then asks the kernel what each thread of the server is in (/proc/PID/task/TID/syscall), before the tracer comes and
after it has left: what has not moved in between hung all the time.

usage: hang.py TRACE TRUTH.json     the last line of each stuck thread must be a call that did not come back; exits 1
otherwise
"""

import argparse
import json
import os
import re
import socket
import sys
import threading
import time

import load

HOME = os.environ.get("HOME", "/srv/drover-sample")
SAID = f"{HOME}/said"
UPSTREAM_PORT = 18081
# What must not be found, whatever hangs.
NEVER = [
    "thundering-herd", "accept-skew", "ineffective-reuseport", "backlog-overflow", "stranded-queue", "accept-hoarding",
    "busy-poll", "epoll-churn", "broken-pipe", "abandoned-request", "request-retry", "fd-leak", "accept-errors",
    "fork-then-load", "lazy-import", "gc-io",
]  # fmt: skip
# A server that idles has none of these either.
IDLE_NEVER = [
    "stuck-call", "loop-stall", "service-stall", "worker-saturation", "lock-contention", "disk-sync", "blocking-dns",
    "gil-starvation", "heartbeat-late",
]  # fmt: skip
# Numbers of x86-64.
CALLS = {
    0: "read", 1: "write", 7: "poll", 20: "writev", 23: "select", 34: "pause", 35: "nanosleep", 42: "connect",
    43: "accept", 44: "sendto", 45: "recvfrom", 47: "recvmsg", 61: "wait4", 72: "fcntl", 73: "flock",
    128: "rt_sigtimedwait", 202: "futex", 219: "restart_syscall", 230: "clock_nanosleep", 232: "epoll_wait",
    247: "waitid", 257: "openat", 270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4",
    441: "epoll_pwait2",
}  # fmt: skip
TAKES_NO_DESCRIPTOR = {
    "poll", "ppoll", "select", "pselect6", "futex", "openat", "wait4", "waitid", "nanosleep", "clock_nanosleep",
    "pause", "rt_sigtimedwait", "restart_syscall",
}  # fmt: skip


def say(kind, target, shown=True):
    """
    The application is about to wait for this, without a timeout, by its own clock. With `shown=False` it waits as its
    idle threads do: no call, argument or descriptor tells them apart.
    """
    write_line(
        dict(pid=os.getpid(), tid=threading.get_native_id(), since=time.time(), kind=kind, target=target, shown=shown)
    )


def write_line(fields):
    with open(SAID, "a") as handle:
        handle.write(json.dumps(fields) + "\n")


def said():
    try:
        with open(SAID) as handle:
            return [json.loads(line) for line in handle if line.endswith("\n")]
    except FileNotFoundError:
        return []


class SilentUpstream:
    """Accepts connections, reads nothing and says nothing."""

    def __init__(self, port=UPSTREAM_PORT):
        self._listener = socket.create_server(("127.0.0.1", port))
        self._connections = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            self._connections.append(self._listener.accept()[0])


CLIENTS = []


def ask(path, port=18080):
    """Sends a request and does not wait for the answer; the connection stays open until the driver ends."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: sample\r\n\r\n".encode())
    CLIENTS.append(client)


def warm_up(path="/", count=7, port=18080):
    """What every server has done before it hangs: some requests, side by side, answered."""
    load.all_at_once([path] * count, port=port)


def ask_until_stuck(*paths):
    """One request after the other, each when the one before has got stuck."""
    for count, path in enumerate(paths, 1):
        ask(path)
        wait_for(f"stuck request {count}", lambda count=count: len(said()) >= count)


def wait_for(what, condition, seconds=20):
    """Returns what the condition does, as soon as that is true."""
    until = time.time() + seconds
    while time.time() < until:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise SystemExit(f"gave up waiting for {what}")


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as handle:
            return [int(word) for word in handle.read().split()]
    except FileNotFoundError:
        return []


def family_of(pid):
    return [pid, *(member for child in children_of(pid) for member in family_of(child))]


def call_of(pid, tid):
    """{call, args, descriptor} of a thread as the kernel has it; None while it runs."""
    with open(f"/proc/{pid}/task/{tid}/syscall") as handle:
        words = handle.read().split()
    if words[0] in ("running", "-1"):
        return None
    call = CALLS.get(int(words[0]), words[0])
    arguments = [int(word, 16) for word in words[1:7]]
    descriptor = None
    if call in ("poll", "ppoll") and arguments[1] == 1:
        descriptor = described(pid, polled(pid, arguments[0]))
    elif call not in TAKES_NO_DESCRIPTOR and call in CALLS.values():
        descriptor = described(pid, arguments[0] & 0xFFFFFFFF)
    return {"call": call, "arguments": arguments, "descriptor": descriptor}


def polled(pid, address):
    """The descriptor of the one `struct pollfd` there."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return int.from_bytes(memory.read(4), "little")


def described(pid, fd):
    try:
        return {"fd": fd, "is": os.readlink(f"/proc/{pid}/fd/{fd}")}
    except OSError:
        return {"fd": fd, "is": None}


def snapshot(family):
    """What each thread is in, by process and thread; one that was just running is asked again."""
    threads = {}
    for pid, tid in [(pid, int(tid)) for pid in family for tid in os.listdir(f"/proc/{pid}/task")]:
        for _ in range(40):
            threads[pid, tid] = call_of(pid, tid)
            if threads[pid, tid] is not None:
                break
            time.sleep(0.02)
    return threads


def run(story, server, hang, before=lambda: None, warm_up=warm_up, workers=children_of, entries=said, idle_seconds=1.0):
    """
    The driver of a story: has the server answer some requests, makes it hang (unless it shall idle), writes down who is
    in what, lets the tracer come and go (files `hung` and `left`), looks again, and leaves its side of the truth.
    `hang()` returns when the application has said of all that they are stuck; `entries()` is what was said.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--server", type=int, required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    before()
    warm_up()
    time.sleep(1.0)
    if os.path.exists(SAID):
        os.remove(SAID)
    if not arguments.healthy:
        hang()
    time.sleep(idle_seconds)
    family = family_of(arguments.server)
    told = [] if arguments.healthy else entries()
    first = snapshot(family)
    stuck = [stuck_entry(entry, first) for entry in told]
    began = time.time()
    with open("hung.new", "w") as handle:
        handle.write("".join(f"{pid}\n" for pid in family))
    os.rename("hung.new", "hung")
    wait_for("the tracer to leave", lambda: os.path.exists("left"), 60)
    second = snapshot(family)
    for entry in stuck:
        if entry["call"] is not None and not is_same(
            first[entry["pid"], entry["tid"]], second[entry["pid"], entry["tid"]]
        ):
            raise SystemExit(f"it went on: {entry}, {second[entry['pid'], entry['tid']]}")
        if entry["call"] is not None and second[entry["pid"], entry["tid"]]["call"] == "restart_syscall":
            # That is all that strace shows of it, as of many a thread that idles.
            entry["shown"] = False
    inside = {(entry["pid"], entry["tid"]) for entry in stuck}
    idle = [
        {"pid": pid, "tid": tid, "call": call and call["call"], "descriptor": call and call["descriptor"]}
        for (pid, tid), call in first.items()
        if (pid, tid) not in inside
    ]
    with open(arguments.out, "w") as handle:
        json.dump(
            {
                "window": {"from": began, "to": time.time()},
                "story": story,
                "variant": arguments.variant,
                "server": server,
                "expect": {
                    "found": ["stuck-call"] if any(entry["shown"] for entry in stuck) else [],
                    "quiet": [*NEVER, *(IDLE_NEVER if arguments.healthy else [])],
                },
                "connections": 0,
                "workers": sorted(workers(arguments.server)),
                "more": {"stuck": stuck, "idle": idle, "turnsAreWork": True},
            },
            handle,
        )


def stuck_entry(entry, threads):
    """
    What was said, and what the kernel says of the same thread. Where no thread is named (goroutines), no call is
    either.
    """
    if entry["tid"] is None:
        return {**entry, "call": None, "descriptor": None, "hasTimeout": False}
    call = threads[entry["pid"], entry["tid"]]
    if call is None:
        raise SystemExit(f"it runs: {entry}")
    return {
        "pid": entry["pid"],
        "tid": entry["tid"],
        "call": call["call"],
        "kind": entry["kind"],
        "target": entry["target"],
        "descriptor": call["descriptor"],
        **({"word": f"0x{call['arguments'][0]:x}"} if call["call"] == "futex" else {}),
        "since": entry["since"],
        "hasTimeout": False,
        "shown": entry["shown"],
    }


def is_same(before, after):
    """
    A tracer that comes interrupts a wait with a timeout; the kernel resumes it as another call, with the registers as
    they were.
    """
    if after is None or before["arguments"][0] != after["arguments"][0]:
        return False
    return before["call"] == after["call"] or after["call"] == "restart_syscall"


LINE = re.compile(r"^(\d+)\s+\d+\.\d+ (.*)$")


def check(trace, truth_path):
    """The capture, read without drover: the last line of each stuck thread is its call, which did not come back."""
    with open(truth_path) as handle:
        truth = json.load(handle)
    last = {}
    with open(trace, errors="replace") as handle:
        for match in filter(None, map(LINE.match, handle)):
            last[int(match[1])] = match[2]
    problems = []
    for entry in truth["stuck"]:
        if entry["call"] is None:
            continue
        line = last.get(entry["tid"], "")
        begins = rf"(?:{entry['call']}\(|restart_syscall\(|<\.\.\. {entry['call']} resumed)"
        if not re.match(rf"{begins}.*<(?:detached|unfinished) \.\.\.>$", line):
            problems.append(f"{entry['tid']} is stuck in {entry['call']}, and its last line is: {line}")
    print(f"   {len(truth['stuck'])} stuck, {len(truth['idle'])} idle, {len(last)} threads in the capture")
    for problem in problems:
        print(f"hang: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    check(*sys.argv[1:])
