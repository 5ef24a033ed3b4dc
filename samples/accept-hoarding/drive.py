"""Two workers are in a request for a moment when a few clients come at once: the third is the only one that can accept
them."""

import os
import threading
import time

import http_client
import load
import truth_log

WORKERS = 3
BURSTS = 5
BURST = 7
# A client that waited this much longer than its request takes.
WAITED_SECONDS = 0.1


def main():
    parser = load.parser()
    parser.add_argument("--accepts", required=True, choices=["all", "one"])
    arguments = parser.parse_args()
    load.warm_up(5 * WORKERS, settle_seconds=0.5)

    began = time.time()
    answers = []
    for _ in range(BURSTS):
        answers += round_of_clients()
        time.sleep(0.2)
    requests = [r for r in truth_log.read(os.environ["TRUTH_MAP"]) if r["kind"] == "request" and r["start"] >= began]
    waited = sum(had_to_wait(request, answers, requests) for request in requests)
    load.write_driver(
        arguments.out,
        began,
        story="accept-hoarding",
        variant=arguments.variant,
        server=f"asyncio of Python 3.11.2, {WORKERS} processes, one listener, accepts {arguments.accepts}",
        expect={
            "found": ["accept-hoarding"] if arguments.accepts == "all" else [],
            "quiet": ["stranded-queue", "backlog-overflow", *load.CALM]
            if arguments.accepts == "all"
            else ["accept-hoarding", "stranded-queue", "backlog-overflow", *load.CALM],
        },
        connections=BURSTS * (WORKERS - 1 + BURST),
        more={"waitedWhileOthersIdled": waited},
    )


def round_of_clients():
    """Those that keep all workers but one busy, and a little later the others."""
    answers = []
    threads = [threading.Thread(target=client, args=(answers,)) for _ in range(WORKERS - 1 + BURST)]
    for thread in threads[: WORKERS - 1]:
        thread.start()
        time.sleep(0.02)
    time.sleep(0.02)
    for thread in threads[WORKERS - 1 :]:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def client(answers):
    answers.append(http_client.must_succeed(http_client.get(f"/{threading.get_ident()}")))


def had_to_wait(request, answers, requests):
    """Whether its client waited although another worker was in no request for as long."""
    answer = next(
        a for a in answers if a["request"] == request["text"] and a["connectedAt"] <= request["start"] <= a["endedAt"]
    )
    arrived = answer["connectedAt"]
    if request["start"] - arrived < WAITED_SECONDS:
        return False
    others = {r["pid"] for r in requests} - {request["pid"]}
    return any(idle_seconds(pid, arrived, request["start"], requests) >= WAITED_SECONDS for pid in others)


def idle_seconds(pid, start, end, requests):
    busy = sum(max(0, min(end, r["end"]) - max(start, r["start"])) for r in requests if r["pid"] == pid)
    return end - start - busy


main()
