"""Quick calls with a CPU-heavy one now and then, and bursts that keep all four workers busy at once."""

import collections
import time

import http_client
import load

QUICK = 31
SINGLES = 5
BURSTS = 3


def main():
    parser = load.parser()
    parser.add_argument("--workers", nargs="+", type=int, required=True)
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    load.warm_up(5 * len(arguments.workers))

    answers = []
    began = time.time()
    time.sleep(0.2)
    for _ in range(QUICK):
        answers.append(http_client.must_succeed(http_client.get("/quick")))
        time.sleep(0.03)
    for _ in range(SINGLES):
        answers.append(http_client.must_succeed(http_client.get("/work")))
        time.sleep(0.2)
    for _ in range(BURSTS):
        answers += load.all_at_once(["/work"] * len(arguments.workers))
        time.sleep(0.2)
    served = collections.Counter(int(answer["headers"]["x-worker"]) for answer in answers)
    bad = ["loop-stall", "service-stall"]
    quiet = ["thundering-herd", *load.CALM]
    load.write_driver(
        arguments.out,
        began,
        story="node-cluster",
        variant=arguments.variant,
        server=f"node 20.20.2 cluster, round robin, {len(arguments.workers)} workers",
        expect={"found": [] if arguments.healthy else bad, "quiet": [*bad, *quiet] if arguments.healthy else quiet},
        connections=len(answers),
        workers=arguments.workers,
        accepts={pid: served[pid] for pid in arguments.workers},
        stalls=sorted(filter(None, map(stall_of, answers)), key=lambda stall: stall["start"]),
        more={"acceptedBy": "primary"},
    )


def stall_of(answer):
    headers = answer["headers"]
    if "x-blocked-from" not in headers:
        return None
    return {
        "pid": int(headers["x-worker"]),
        "start": float(headers["x-blocked-from"]),
        "end": float(headers["x-blocked-to"]),
        "cause": "no-syscall",
        "request": answer["request"],
    }


main()
