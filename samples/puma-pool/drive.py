"""Seven clients, each with one connection for all of its requests."""

import collections
import threading
import time

import http_client
import load

CLIENTS = 7
REQUESTS = 23
PAUSE_SECONDS = 0.02


def client(workers):
    connection = http_client.KeepAlive()
    for number in range(REQUESTS):
        answer = http_client.must_succeed(connection.get("/"))
        if number == 0:
            workers.append(int(answer["headers"]["x-worker"]))
        time.sleep(PAUSE_SECONDS)
    connection.close()


def main():
    parser = load.parser()
    arguments = parser.parse_args()
    load.warm_up(7)

    began = time.time()
    workers = []
    threads = [threading.Thread(target=client, args=(workers,)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    accepts = collections.Counter(workers)
    load.write_driver(
        arguments.out,
        began,
        story="puma-pool",
        variant=arguments.variant,
        server="puma 5.6.5, 2 workers of 5 threads, Ruby 3.1",
        expect={
            "found": [],
            "quiet": [
                "loop-stall", "service-stall", "lock-contention", "fd-leak", "gil-starvation", "busy-poll", *load.CALM,
            ],  # fmt: skip
        },
        connections=CLIENTS,
        workers=sorted(accepts),
        accepts=dict(accepts),
        more={"acceptedBy": "a thread of its own"},
    )


main()
