"""Clients that leave early; or, for a server that may open few files, clients that connect and stay. Small requests in
between."""

import os
import socket
import time

import http_client
import load
import truth_log

ROUNDS = 3
QUICK = 7
IDLE = 29
HOLD_SECONDS = 0.5
FOUND = {
    "ignores": ["busy-poll"],
    "rounds-down": ["busy-poll"],
    "out-of-files": ["busy-poll", "accept-errors"],
    "handles": [],
}


def main():
    parser = load.parser()
    parser.add_argument("--how", required=True, choices=FOUND)
    arguments = parser.parse_args()
    load.warm_up(11, pause_seconds=0.02, settle_seconds=0.5)

    before = processor_seconds()
    began = time.time()
    connections = (
        hold_many() if arguments.how == "out-of-files" else ask_for_later(leaves=arguments.how != "rounds-down")
    )
    time.sleep(0.2)
    used = processor_seconds() - before
    found = FOUND[arguments.how]
    load.write_driver(
        arguments.out,
        began,
        story="busy-poll",
        variant=arguments.variant,
        server=f"bare Python 3.11.2, 2 processes with an epoll loop, {arguments.how}",
        expect={
            "found": found,
            "quiet": ["loop-stall", "service-stall", "request-retry", *([] if found else ["busy-poll"])],
        },
        connections=connections,
        accepts=accepts(began, connections),
        more={"processorSeconds": used, **({} if arguments.how == "out-of-files" else {"spins": spins(began)})},
    )


def ask_for_later(leaves):
    """Each round has one client that asks for something that takes a while, and perhaps leaves early."""
    for number in range(ROUNDS):
        http_client.get(f"/later/{number}", patience=0.1 if leaves else 30)
        time.sleep(0.6 if leaves else 0.2)
        for _ in range(QUICK):
            http_client.must_succeed(http_client.get("/quick"))
            time.sleep(0.03)
    return ROUNDS * (1 + QUICK)


def hold_many():
    """More connections than both workers may open, for a while."""
    for _ in range(QUICK):
        http_client.must_succeed(http_client.get("/quick"))
        time.sleep(0.03)
    idle = [socket.create_connection(("127.0.0.1", http_client.PORT)) for _ in range(IDLE)]
    time.sleep(HOLD_SECONDS)
    for connection in idle:
        connection.close()
        time.sleep(0.02)
    time.sleep(0.5)
    return QUICK + IDLE


def accepts(began, connections):
    """Connections by worker, as the workers count them."""
    path = os.environ["TRUTH_MAP"]
    counts = {pid: 0 for pid in truth_log.ready_pids(path)}
    for record in truth_log.read(path):
        if record["kind"] == "accept" and record["start"] >= began:
            counts[record["pid"]] += 1
    if sum(counts.values()) != connections:
        raise SystemExit(f"{connections} connections, accepted {counts}")
    return counts


def spins(began):
    """When each worker went round its loop in vain, as it knows itself."""
    records = truth_log.read(os.environ["TRUTH_MAP"])
    return [
        {key: r[key] for key in ("pid", "start", "end")} for r in records if r["kind"] == "spin" and r["start"] >= began
    ]


def processor_seconds():
    """What the workers have used so far."""
    ticks = 0
    for pid in truth_log.ready_pids(os.environ["TRUTH_MAP"]):
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


main()
