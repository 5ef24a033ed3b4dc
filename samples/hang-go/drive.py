"""Four requests that need one mutex. Who has it waits for a service that accepts and never answers, or for a lock on a
file."""

import fcntl
import os
import sys

import hang

PATH = "/journal" if any(word.endswith("flock") for word in sys.argv) else "/figures"
journal = open(f"{os.environ['HOME']}/journal", "w")


def before():
    hang.SilentUpstream()
    fcntl.flock(journal, fcntl.LOCK_EX)


hang.run(
    story="hang-go",
    server="net/http of Go 1.19",
    before=before,
    hang=lambda: hang.ask_until_stuck(*[PATH] * 4),
    workers=lambda server: [server],
)
