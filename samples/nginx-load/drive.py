"""Keep-alive clients side by side, each with its next request ready: a busy and healthy server."""

import argparse
import collections
import threading
import time

import http_client
import load

CONNECTIONS = 23
REQUESTS = 31


def client(served):
    connection = http_client.KeepAlive()
    for _ in range(REQUESTS):
        answer = http_client.must_succeed(connection.get("/"))
    served[int(answer["headers"]["x-worker"])] += 1
    connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--workers", nargs="+", type=int, required=True)
    arguments = parser.parse_args()
    load.warm_up(5, path="/")

    served = collections.Counter()
    began = time.time()
    time.sleep(0.2)
    threads = [threading.Thread(target=client, args=(served,)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    load.write_driver(
        arguments.out,
        began,
        story="nginx-load",
        variant="healthy",
        server="nginx 1.22.1, 4 workers, EPOLLEXCLUSIVE",
        expect={"found": [], "quiet": ["thundering-herd", "loop-stall", "service-stall", *load.CALM]},
        connections=CONNECTIONS,
        workers=arguments.workers,
        accepts={pid: served[pid] for pid in arguments.workers},
        more={"requestsPerConnection": REQUESTS},
    )


main()
