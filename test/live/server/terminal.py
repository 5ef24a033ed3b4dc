"""Runs a program on a terminal of its own, as the foreground job of a shell would be, and obeys lines on stdin:
`key HEX` types bytes, `deaf` stops reading what the program prints, `hang-up` closes the terminal."""

import os
import pty
import select
import sys


def shell(words):
    """Has job control, so that Ctrl-Z stops the job and not the session."""
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.execvp(words[0], words)
    os.setpgid(job, job)
    os.tcsetpgrp(0, job)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def main(words):
    child, terminal = pty.fork()
    if child == 0:
        import signal

        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        shell(words)
    watched = [0, terminal]
    while True:
        readable, _, _ = select.select(watched, [], [])
        if terminal in readable:
            try:
                printed = os.read(terminal, 65536)
            except OSError:
                printed = b""
            if not printed:
                break
            os.write(1, printed)
        if 0 in readable:
            commands = os.read(0, 4096).decode()
            if not commands:
                watched.remove(0)
            for command in commands.split("\n"):
                if command.startswith("key "):
                    os.write(terminal, bytes.fromhex(command[4:]))
                elif command == "deaf":
                    watched.remove(terminal)
                elif command == "hang-up":
                    os.close(terminal)
                    _, status = os.waitpid(child, 0)
                    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


main(sys.argv[1:])
