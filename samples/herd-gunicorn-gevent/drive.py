"""One client, one connection at a time, 20 a second: the rate at which a herd shows best. Or many more, to see who gets
them."""

import collections
import os
import time

import http_client
import load
import truth_log

WARM_UP = 23
SERVERS = {
    "gunicorn": "gunicorn 20.1.0 gevent 22.10.2, 5 workers",
    "nginx": "nginx 1.22.1, 4 workers, EPOLLEXCLUSIVE",
    "uwsgi-thunder": "uWSGI 2.0.21 --thunder-lock, 4 processes",
}


def main():
    parser = load.parser()
    parser.add_argument("--server", required=True, choices=SERVERS)
    parser.add_argument("--connections", type=int, default=47)
    parser.add_argument("--period", type=float, default=0.05)
    parser.add_argument("--skewed", action="store_true", help="fail unless few workers took most")
    parser.add_argument("--workers", nargs="*", type=int, help="when the server cannot log them itself")
    arguments = parser.parse_args()
    load.warm_up(WARM_UP, path="/", pause_seconds=0.02)
    accepts = collections.Counter({pid: 0 for pid in arguments.workers or []})
    began = time.time()
    for number in range(arguments.connections):
        time.sleep(max(0, began + 0.1 + number * arguments.period - time.time()))
        answer = http_client.must_succeed(http_client.get("/"))
        if arguments.workers:
            accepts[int(answer["headers"]["x-worker"])] += 1
    more = {}
    if arguments.server == "uwsgi-thunder":
        more = {"turnsAreWork": True}  # a sync server: what it does between two waits is its job
    if arguments.skewed:
        more = measure_skew(began)
    calm = ["loop-stall", "service-stall", *load.CALM]
    herd = arguments.server == "gunicorn"
    load.write_driver(
        arguments.out,
        began,
        story="herd-gunicorn-gevent",
        variant=arguments.variant,
        server=SERVERS[arguments.server],
        expect={
            "found": ["thundering-herd", *(["accept-skew"] if arguments.skewed else [])] if herd else [],
            "quiet": calm if herd else ["thundering-herd", "accept-skew", "lock-contention", *calm],
        },
        connections=arguments.connections,
        workers=arguments.workers or [],
        accepts=accepts,
        more=more,
    )


def measure_skew(began):
    """Share of the busiest worker, and the Gini coefficient over all of them."""
    path = os.environ["TRUTH_MAP"]
    requests = [r["pid"] for r in truth_log.read(path) if r["kind"] == "request" and r["start"] >= began]
    counts = sorted(requests.count(pid) for pid in truth_log.ready_pids(path))
    size, total = len(counts), sum(counts)
    gini = sum((2 * rank - size - 1) * count for rank, count in enumerate(counts, 1)) / (size * total)
    share = counts[-1] / total
    if share < 2 / size or gini < 0.45:
        raise SystemExit(f"not skewed enough this time: {counts}")
    return {"maxShare": share, "gini": gini}


main()
