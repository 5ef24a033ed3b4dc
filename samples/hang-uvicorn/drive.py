"""Opens the named pipe and writes nothing; two requests for two workers."""

import os

import hang


def is_worker(pid):
    with open(f"/proc/{pid}/cmdline") as handle:
        return "resource_tracker" not in handle.read()


hang.run(
    story="hang-uvicorn",
    server="uvicorn 0.17.6, 2 workers, asyncio, Python 3.11.2",
    # For both ends, so that the open does not wait.
    before=lambda: os.open(f"{os.environ['HOME']}/jobs", os.O_RDWR),
    hang=lambda: hang.ask_until_stuck("/job", "/job"),
    workers=lambda server: filter(is_worker, hang.children_of(server)),
)
