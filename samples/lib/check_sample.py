"""A small reader of a capture, independent of drover: is what truth.json claims really in the trace?

usage: check_sample.py TRACE[.gz] TRUTH.json     prints the counts it took; exits 1 on a contradiction
"""

import collections
import gzip
import json
import re
import statistics
import sys

LINE = re.compile(r"^(\d+)\s+(\d+\.\d+) (.*)$")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (\S+)(?: (E[A-Z]+))?.*?(?:<(\d+\.\d+)>)?$", re.S)
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.S)
EPOLL_WAITS = ("epoll_wait", "epoll_pwait", "epoll_pwait2")
WAITS = EPOLL_WAITS + ("pselect6", "select", "poll", "ppoll")
WRITES = ("sendto", "sendmsg", "write", "writev", "sendfile")
HERD_FACTOR = 1.8
STALL_SECONDS = 0.1
EDGE_SECONDS = 0.005

Call = collections.namedtuple("Call", "tid name arguments result errno start end")


def read_calls(path):
    """Completed calls in order of their end."""
    opened = gzip.open if path.endswith(".gz") else open
    pending = {}
    with opened(path, "rt", errors="replace") as lines:
        for line in lines:
            match = LINE.match(line.rstrip("\n"))
            if line.startswith(" > "):  # a stack of strace -k
                continue
            if not match:
                raise SystemExit(f"unexpected line: {line!r}")
            tid, at, text = int(match[1]), float(match[2]), match[3]
            if text.endswith("<unfinished ...>"):
                pending[tid] = (at, text[: -len("<unfinished ...>")])
                continue
            resumed = RESUMED.match(text)
            start = at
            if resumed:
                if tid not in pending:
                    continue
                start, head = pending.pop(tid)
                text = head + resumed[2]
            call = CALL.match(text)
            if call:
                end = at if resumed else at + float(call[5] or 0)
                yield Call(tid, call[1], call[2], call[3], call[4], start, end)


def listener_of(call):
    return call.arguments.split(",", 1)[0]


class Reader:
    """Counts accept cycles, turns and failed writes inside the load window."""

    def __init__(self, truth):
        self.truth = truth
        self.workers = set(truth["workers"])
        self.accepted = collections.Counter()
        self.wasted = collections.Counter()
        self.drained = collections.Counter()
        self.failed_writes = []
        self.turns = collections.defaultdict(list)
        self.longest_anywhere = 0
        self.seen = set()
        self.last_end = 0
        self._hub = {}
        self._cycle = {}
        self.left_wait = {}

    def in_window(self, at):
        return self.truth["window"]["from"] <= at <= self.truth["window"]["to"]

    def feed(self, call):
        self.seen.add(call.tid)
        self.last_end = max(self.last_end, call.end)
        if call.name in WAITS and self.is_hub_wait(call):
            self.close_turn(call)
            woke = call.result.isdigit() and int(call.result) > 0
            self._cycle[call.tid] = {"woke": woke, "won": False}
            self.left_wait[call.tid] = call.end
        elif call.name in ("accept", "accept4"):
            self.count_accept(call)
        elif call.name in WRITES and call.errno in ("EPIPE", "ECONNRESET") and self.in_window(call.end):
            self.failed_writes.append(call)

    def is_hub_wait(self, call):
        """The first thing a worker waits on is its hub; a poll of one descriptor never is."""
        if call.tid not in self.workers or call.name in ("poll", "ppoll"):
            return False
        waits_on = listener_of(call) if call.name in EPOLL_WAITS else "select"
        return self._hub.setdefault(call.tid, waits_on) == waits_on

    def close_turn(self, call):
        left = self.left_wait.pop(call.tid, None)
        if left is not None:
            self.longest_anywhere = max(self.longest_anywhere, call.start - left)
        if left is not None and self.in_window(left):
            self.turns[call.tid].append((left, call.start))

    def count_accept(self, call):
        if not self.in_window(call.end):
            return
        cycle = self._cycle.setdefault(call.tid, {"woke": False, "won": False})
        if call.errno is None:
            self.accepted[call.tid] += 1
            cycle["won"] = True
        elif call.errno == "EAGAIN":
            (self.drained if cycle["won"] or not cycle["woke"] else self.wasted)[call.tid] += 1

    def report(self):
        accepted, wasted = sum(self.accepted.values()), sum(self.wasted.values())
        factor = (accepted + wasted) / accepted if accepted else 0
        longest = max((end - start for turns in self.turns.values() for start, end in turns), default=0)
        print(
            f"   accepted {dict(self.accepted)} = {accepted}, wasted {wasted}, drained {sum(self.drained.values())},"
            f" herd factor {factor:.2f}, longest turn {longest:.3f} s"
            f" ({self.longest_anywhere:.3f} s in the whole capture),"
            f" failed writes {[(c.tid, c.errno) for c in self.failed_writes]}"
        )
        return accepted, wasted, factor, longest


def contradictions(truth, reader):
    accepted, wasted, factor, longest = reader.report()
    found, quiet = truth["expect"]["found"], truth["expect"]["quiet"]
    if missing := reader.workers - reader.seen:
        yield f"workers {missing} are not in the trace"
    if accepted != truth["connections"]:
        yield f"{accepted} connections in the trace, {truth['connections']} in the truth"
    if "acceptedBy" not in truth:
        for pid, count in truth["accepts"].items():
            if reader.accepted[int(pid)] != count:
                yield f"worker {pid} accepted {reader.accepted[int(pid)]}, the truth says {count}"
    if "thundering-herd" in found and not (wasted >= 10 and factor >= HERD_FACTOR):
        yield "no herd in the trace"
    if "thundering-herd" in quiet and factor > 1.3:
        yield "a herd in the trace"
    if "loop-stall" in quiet and longest >= STALL_SECONDS and not truth.get("turnsAreWork"):
        yield f"a turn of {longest:.3f} s"
    if {"broken-pipe"} & set(quiet) and reader.failed_writes:
        yield "a failed write"
    for stall in truth["stalls"]:
        if not truth.get("turnsAreWork") and not covering_turn(stall, reader):
            yield f"no turn covers the stall {stall}"
    for pipe in truth["brokenPipes"]:
        if not any(c.tid == pipe["pid"] and abs(c.end - pipe["failedAt"]) < 0.05 for c in reader.failed_writes):
            yield f"no failed write for {pipe}"


def covering_turn(stall, reader):
    """A turn that holds the stall; or the turn that was still open when the capture ended."""
    left = reader.left_wait.get(stall["pid"])
    if stall["end"] > reader.last_end:
        return left is not None and left <= stall["start"] + EDGE_SECONDS
    return any(
        start <= stall["start"] + EDGE_SECONDS and stall["end"] - EDGE_SECONDS <= end
        for start, end in reader.turns[stall["pid"]]
    )


def main(arguments):
    trace_path, truth_path = arguments
    with open(truth_path) as handle:
        truth = json.load(handle)
    reader = Reader(truth)
    for call in read_calls(trace_path):
        reader.feed(call)
    problems = list(contradictions(truth, reader))
    if truth["stalls"]:
        seconds = [stall["end"] - stall["start"] for stall in truth["stalls"]]
        median, longest = statistics.median(seconds), max(seconds)
        print(f"   {len(seconds)} stalls in the truth, median {median:.3f} s, longest {longest:.3f} s")
    for problem in problems:
        print(f"check_sample: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
