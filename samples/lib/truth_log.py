"""What a sampled server says about itself, written without a system call.

A traced application must not show its own measurements in the trace. So each process writes records into its own
slot of one memory-mapped file, and takes the time from the vDSO (`time.time()`): neither is a system call. The one
exception is `os.getpid()`, once per process, to claim the slot.

A record is {kind, cause, text, start, end}; times are epoch seconds, comparable with `strace -ttt`; end 0 = still open.
Kinds with a meaning for assemble_truth.py: ready, request, block (a stall), broken-pipe, abort (the process ends here).
Others belong to one story and its driver.
"""

import contextlib
import functools
import itertools
import mmap
import os
import struct
import sys
import time

SLOTS = 64
SLOT_BYTES = 128 * 1024
HEADER = struct.Struct("<q")  # pid of the owner, 0 = free
RECORD = struct.Struct("<dd16s24s80s")  # start, end, kind, cause, text


class TruthLog:
    """Appends records to this process's slot of the map; safe across fork and between threads."""

    def __init__(self, path):
        with open(path, "r+b") as handle:
            self._map = mmap.mmap(handle.fileno(), SLOTS * SLOT_BYTES)
        self._slot = None
        self._next = None
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self):
        self._slot = None

    def _claim(self):
        pid = os.getpid()
        for probe in range(SLOTS):
            slot = (pid + probe) % SLOTS * SLOT_BYTES
            owner = HEADER.unpack_from(self._map, slot)[0]
            if owner in (0, pid):
                HEADER.pack_into(self._map, slot, pid)
                self._next = itertools.count()
                self._slot = slot
                return
        raise RuntimeError("the truth map has no free slot")

    def begin(self, kind, text, cause="", start=None):
        """Opens a record and returns a handle for `end`."""
        if self._slot is None:
            self._claim()
        offset = self._slot + HEADER.size + next(self._next) * RECORD.size
        if offset + RECORD.size > self._slot + SLOT_BYTES:
            raise RuntimeError("a slot of the truth map is full")
        RECORD.pack_into(
            self._map, offset, start or time.time(), 0.0, kind.encode(), cause.encode(), text.encode()[:80]
        )
        return offset

    def end(self, handle, at=None):
        struct.pack_into("<d", self._map, handle + 8, at or time.time())

    def note(self, kind, text, cause=""):
        """Writes a record of one instant."""
        self.end(self.begin(kind, text, cause))

    @contextlib.contextmanager
    def section(self, kind, text, cause=""):
        """Records the time spent inside the `with` block, also when it raises."""
        handle = self.begin(kind, text, cause)
        try:
            yield
        finally:
            self.end(handle)


@functools.cache
def open_from_environment():
    """The log that record-lib.sh prepared for this run; one object per process, however often it is asked for."""
    return TruthLog(os.environ["TRUTH_MAP"])


def create(path):
    """Makes an empty map of full size."""
    with open(path, "wb") as handle:
        handle.truncate(SLOTS * SLOT_BYTES)


def read(path):
    """All records of all processes, in order of start."""
    with open(path, "rb") as handle:
        data = handle.read()
    records = []
    for slot in range(0, SLOTS * SLOT_BYTES, SLOT_BYTES):
        pid = HEADER.unpack_from(data, slot)[0]
        if not pid:
            continue
        for offset in range(slot + HEADER.size, slot + SLOT_BYTES - RECORD.size + 1, RECORD.size):
            start, end, kind, cause, text = RECORD.unpack_from(data, offset)
            if not start:
                break
            words = [field.rstrip(b"\0").decode() for field in (kind, cause, text)]
            records.append(dict(pid=pid, start=start, end=end, kind=words[0], cause=words[1], text=words[2]))
    return sorted(records, key=lambda record: record["start"])


def ready_pids(path):
    return sorted({record["pid"] for record in read(path) if record["kind"] == "ready"})


def main(arguments):
    """create MAP · pids MAP (of ready workers) · dump MAP"""
    action, path = arguments
    if action == "create":
        create(path)
    elif action == "pids":
        print(*ready_pids(path))
    elif action == "dump":
        for record in read(path):
            print(record)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
