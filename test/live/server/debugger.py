"""Holds the process of that number as a debugger does at a breakpoint, until its own standard input ends."""

import ctypes
import os
import sys

PTRACE_ATTACH = 16
pid = int(sys.argv[1])
if ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_ATTACH, pid, None, None) != 0:
    sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))
os.waitpid(pid, 0)
print("holds", flush=True)
sys.stdin.buffer.raw.readline()
