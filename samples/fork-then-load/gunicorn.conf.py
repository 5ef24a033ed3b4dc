"""Each worker says when it was forked, when it was ready, and how many modules it loaded in between."""

import os
import sys

sys.path.insert(0, os.environ["HOME"])
import truth_log

bind = "127.0.0.1:18080"
workers = 3
truth = truth_log.open_from_environment()
before = {}


def loaded_modules():
    return sum(1 for module in list(sys.modules.values()) if getattr(module, "__file__", None))


def post_fork(_server, worker):
    before.update(modules=loaded_modules(), handle=truth.begin("load", "-"))


def post_worker_init(_worker):
    truth.end(before["handle"])
    truth.note("modules", str(loaded_modules() - before["modules"]))
    truth.note("ready", "worker")
