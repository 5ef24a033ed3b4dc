"""One client, one connection at a time. The kernel counts meanwhile how often the workers change their epoll sets."""

import os
import signal
import subprocess
import time

import http_client
import load
import truth_log

CONNECTIONS = 31
SERVERS = {
    "eventlet": "gunicorn 20.1.0 eventlet 0.33.1, 3 workers",
    "gevent": "gunicorn 20.1.0 gevent 22.10.2, 3 workers",
}


def main():
    parser = load.parser()
    parser.add_argument("--server", required=True, choices=SERVERS)
    arguments = parser.parse_args()
    load.warm_up(11, path="/", pause_seconds=0.02, settle_seconds=0.5)

    counter = start_counter()
    began = time.time()
    for _ in range(CONNECTIONS):
        time.sleep(0.05)
        http_client.must_succeed(http_client.get("/"))
    time.sleep(0.3)
    changes = stop_counter(counter)
    toggles = arguments.server == "eventlet"
    calm = ["loop-stall", "service-stall", "busy-poll", *load.CALM]
    load.write_driver(
        arguments.out,
        began,
        story="epoll-churn",
        variant=arguments.variant,
        server=SERVERS[arguments.server],
        expect={"found": ["epoll-churn"] if toggles else [], "quiet": calm if toggles else ["epoll-churn", *calm]},
        connections=CONNECTIONS,
        more={"epollChanges": changes},
    )


def start_counter():
    pids = ",".join(map(str, truth_log.ready_pids(os.environ["TRUTH_MAP"])))
    counter = subprocess.Popen(
        ["perf", "stat", "-x,", "-o", "perf.csv", "-e", "syscalls:sys_enter_epoll_ctl", "-p", pids]
    )
    time.sleep(1.0)
    return counter


def stop_counter(counter):
    counter.send_signal(signal.SIGINT)
    counter.wait()
    with open("perf.csv") as lines:
        return next(int(line.split(",")[0]) for line in lines if "epoll_ctl" in line)


main()
