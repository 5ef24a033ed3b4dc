"""A short timeout, and a note when a worker is told to end because its heartbeat stopped."""

import os
import sys

sys.path.insert(0, os.environ["HOME"])
import truth_log

bind = "127.0.0.1:18080"
worker_class = "gevent"
workers = 2
timeout = 4
truth = truth_log.open_from_environment()


def worker_abort(_worker):
    truth.note("abort", "SIGABRT")
