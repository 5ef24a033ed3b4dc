"""Seven clients, each with its next request as soon as the last is answered, every request on a connection of its
own."""

import threading
import time

import http_client
import load

CLIENTS = 7
REQUESTS = 211
PATHS = ["/json", "/file", "/slow", "/json"]


def main():
    parser = load.parser()
    arguments = parser.parse_args()
    for number in range(23):
        http_client.must_succeed(http_client.get(PATHS[number % len(PATHS)]))
    time.sleep(1.0)
    began = time.time()
    time.sleep(0.1)
    failures = []

    def client(first):
        try:
            for number in range(REQUESTS):
                path = PATHS[(first + number) % len(PATHS)]
                http_client.must_succeed(http_client.get(path, headers={"Cookie": "session=sample"}))
        except SystemExit as failure:
            failures.append(str(failure))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    load.run_all(threads)
    if failures:
        raise SystemExit(failures[0])
    load.write_driver(
        arguments.out,
        began,
        story="busy-workers",
        variant=arguments.variant,
        server="gunicorn 20.1.0 gevent 22.10.2, 4 workers",
        expect={"found": [], "quiet": ["loop-stall", "service-stall", *load.CALM]},
        connections=CLIENTS * REQUESTS,
        workers=[],
        accepts={},
        more={},
    )


main()
