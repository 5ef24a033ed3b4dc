"""A few calls, and a look at the memory of each worker. What matters happened before."""

import os
import time

import http_client
import load
import truth_log

CALLS = 13


def private_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def main():
    parser = load.parser()
    parser.add_argument("--began", required=True, type=float)
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    records = truth_log.read(os.environ["TRUTH_MAP"])
    loads = [
        {
            "pid": record["pid"],
            "start": record["start"],
            "end": record["end"],
            "modules": int(next(r["text"] for r in records if r["pid"] == record["pid"] and r["kind"] == "modules")),
            "privateBytes": private_bytes(record["pid"]),
        }
        for record in records
        if record["kind"] == "load"
    ]
    for number in range(CALLS):
        http_client.must_succeed(http_client.get(f"/price/item-{number}"))
        time.sleep(0.05)
    load.write_driver(
        arguments.out,
        arguments.began,
        story="fork-then-load",
        variant=arguments.variant,
        server="gunicorn 20.1.0 sync, 3 workers, Flask 2.2.2" + (", --preload" if arguments.healthy else ""),
        expect={
            "found": [] if arguments.healthy else ["fork-then-load"],
            "quiet": [*(["fork-then-load"] if arguments.healthy else []), "loop-stall", "service-stall", *load.CALM],
        },
        connections=CALLS,
        more={"turnsAreWork": True, "loads": loads},
    )


main()
