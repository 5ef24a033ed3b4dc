"""Runs the same command several times, side by side, until it is told to stop.

usage: several.py COUNT COMMAND…
"""

import os
import signal
import sys

COUNT, COMMAND = int(sys.argv[1]), sys.argv[2:]


def main():
    children = [start() for _ in range(COUNT)]

    def stop(*_):
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for child in children:
        os.waitpid(child, 0)


def start():
    pid = os.fork()
    if pid == 0:
        os.execv(COMMAND[0], COMMAND)
    return pid


main()
