"""What load drivers do: read their words, warm up, ask many things at once, ping steadily, and write down what they
saw."""

import argparse
import json
import threading
import time

import http_client

VICTIM_SECONDS = 0.1
CALM = ["broken-pipe", "abandoned-request", "request-retry"]


def parser():
    """The words that record-lib.sh and record.sh give to every driver; a story adds its own."""
    words = argparse.ArgumentParser()
    words.add_argument("--out", required=True)
    words.add_argument("--variant", required=True)
    return words


def warm_up(requests, path="/warm-up", pause_seconds=0, settle_seconds=1.0):
    """Requests before the load window, so that it holds no start-up, and a moment of silence."""
    for _ in range(requests):
        http_client.must_succeed(http_client.get(path))
        time.sleep(pause_seconds)
    time.sleep(settle_seconds)


def run_all(threads):
    """Starts the threads and waits until all of them have ended."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def all_at_once(paths, **options):
    """Sends the requests side by side and returns the answers, all of them good."""
    answers = []
    threads = [
        threading.Thread(target=lambda path=path: answers.append(http_client.get(path, **options))) for path in paths
    ]
    run_all(threads)
    return [http_client.must_succeed(answer) for answer in answers]


class Pinger:
    """Sends a cheap request every period whether or not the last one was answered, as independent users do."""

    def __init__(self, path, period_seconds):
        self.pings = []
        self._path = path
        self._period_seconds = period_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        threads = []
        while not self._stop.wait(self._period_seconds):
            threads.append(threading.Thread(target=self._ping))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _ping(self):
        answer = http_client.must_succeed(http_client.get(self._path))
        self.pings.append({"request": answer["request"], "start": answer["connectedAt"], "end": answer["endedAt"]})

    def truth(self):
        """How many there were, and which of them had to wait."""
        return {
            "pings": len(self.pings),
            "victims": sorted(
                (ping for ping in self.pings if ping["end"] - ping["start"] >= VICTIM_SECONDS),
                key=lambda ping: ping["start"],
            ),
        }


def write_driver(path, began, **fields):
    """Closes the load window and leaves the driver's side of the truth for assemble_truth.py."""
    time.sleep(0.2)
    with open(path, "w") as handle:
        json.dump({"window": {"from": began, "to": time.time()}, **fields}, handle)
