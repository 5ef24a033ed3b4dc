"""More clients than sync workers, each with its next request ready; or, for the twin, one client at its leisure."""

import threading
import time

import http_client
import load

WORKERS = 3


def client(requests, pause_seconds):
    for _ in range(requests):
        http_client.must_succeed(http_client.get("/work"))
        time.sleep(pause_seconds)


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    load.warm_up(5)

    clients, requests, pause_seconds = (1, 11, 0.1) if arguments.healthy else (7, 6, 0)
    began = time.time()
    time.sleep(0.2)
    threads = [threading.Thread(target=client, args=(requests, pause_seconds)) for _ in range(clients)]
    load.run_all(threads)
    quiet = ["loop-stall", "service-stall", *load.CALM]
    load.write_driver(
        arguments.out,
        began,
        story="sync-saturated",
        variant=arguments.variant,
        server=f"gunicorn 20.1.0 sync, {WORKERS} workers",
        expect={
            "found": [] if arguments.healthy else ["worker-saturation"],
            "quiet": [*quiet, "worker-saturation"] if arguments.healthy else quiet,
        },
        connections=clients * requests,
        occupancy=True,
        more={"turnsAreWork": True},
    )


main()
