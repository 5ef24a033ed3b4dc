"""Joins what the driver saw with what the application logged into one truth.json.

usage: assemble_truth.py DRIVER.json TRUTH.map OUT.json KEY=VALUE…   (MAP may be /dev/null: the server cannot log)
"""

import json
import platform
import sys

import truth_log


def main(arguments):
    driver_path, map_path, out_path, *pairs = arguments
    with open(driver_path) as handle:
        driver = json.load(handle)
    records = truth_log.read(map_path) if map_path != "/dev/null" else []
    truth = assemble(driver, records, dict(pair.split("=", 1) for pair in pairs))
    problems = check(truth, driver)
    with open(out_path, "w") as handle:
        handle.write(to_text(truth))
    for problem in problems:
        print(f"assemble_truth: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def assemble(driver, records, recording):
    window = driver["window"]
    inside = [record for record in records if window["from"] <= record["start"] <= window["to"]]
    workers = sorted({record["pid"] for record in records if record["kind"] == "ready"}) or driver.get("workers", [])
    requests = [record for record in inside if record["kind"] == "request"]
    accepts = {pid: sum(record["pid"] == pid for record in requests) for pid in workers}
    ends = {record["pid"]: record["start"] for record in records if record["kind"] == "abort"}
    stalls = [
        dict(pid=r["pid"], start=r["start"], end=r["end"] or ends.get(r["pid"], 0), cause=r["cause"], request=r["text"])
        for r in inside
        if r["kind"] == "block"
    ]
    truth = {
        "story": driver["story"],
        "variant": driver["variant"],
        "server": driver["server"],
        "recording": dict(recording, kernel=platform.release().split("-")[0]),
        "workers": workers,
        "window": window,
        "expect": driver["expect"],
        "connections": driver["connections"],
        "accepts": driver.get("accepts") or accepts,
        "stalls": driver.get("stalls") or stalls,
        "serviceStalls": [],
        "brokenPipes": broken_pipes(driver.get("abandoned", []), inside),
        "retries": driver.get("retries", []),
    }
    truth["serviceStalls"] = everyone_inside(truth["workers"], truth["stalls"])
    if driver.get("occupancy"):
        truth["requests"] = [dict(pid=r["pid"], start=r["start"], end=r["end"], request=r["text"]) for r in requests]
        truth["allBusy"] = everyone_inside(truth["workers"], truth["requests"])
    truth.update(driver.get("more", {}))
    return truth


def everyone_inside(workers, sections):
    """Intervals in which every worker was inside a section (a blocking one, or a request) at once."""
    if not workers:
        return []
    edges = sorted(
        [(s["start"], 1, s["pid"]) for s in sections] + [(s["end"], -1, s["pid"]) for s in sections if s["end"]]
    )
    inside, intervals, since = {}, [], None
    for at, step, pid in edges:
        inside[pid] = inside.get(pid, 0) + step
        everyone = all(inside.get(worker, 0) > 0 for worker in workers)
        if everyone and since is None:
            since = at
        elif not everyone and since is not None:
            intervals.append({"start": since, "end": at})
            since = None
    # Shorter overlaps are the edges of sections that follow each other.
    return [interval for interval in intervals if interval["end"] - interval["start"] >= 0.02]


def broken_pipes(abandoned, records):
    """The writes that failed in the application, each to a client paired with the moment that client left.

    The cause of a record is ERRNO, or ERRNO:TARGET when the write was not a reply to a client.
    """
    clients, pipes = list(abandoned), []
    for failure in (record for record in records if record["kind"] == "broken-pipe"):
        errno, _, target = failure["cause"].partition(":")
        pipe = {"pid": failure["pid"], "request": failure["text"], "failedAt": failure["start"], "errno": errno}
        pipe["target"] = target or "client"
        if not target:
            client = next(c for c in clients if c["request"] == failure["text"] and c["gaveUpAt"] <= failure["start"])
            clients.remove(client)
            pipe.update({key: client.get(key) for key in ("connectedAt", "gaveUpAt", "behind")})
        pipes.append(pipe)
    return pipes


def check(truth, driver):
    problems = []
    if sum(truth["accepts"].values()) != truth["connections"]:
        problems.append(f"driver made {truth['connections']} connections, workers saw {truth['accepts']}")
    left, failed = len(driver.get("abandoned", [])), sum(pipe["target"] == "client" for pipe in truth["brokenPipes"])
    if left != failed:
        problems.append(f"{left} clients left, {failed} writes to clients failed")
    at_least = driver.get("minimumStallSeconds", 0)
    for stall in truth["stalls"]:
        if stall["end"] and stall["end"] - stall["start"] < at_least:
            problems.append(f"a stall shorter than {at_least} s: {stall}")
    if any(not stall["end"] for stall in truth["stalls"]) and "openStall" not in truth:
        problems.append("a stall never ended")
    return problems


def to_text(truth):
    """One line per entry of a list, so that a review can read it."""
    lines = []
    for key, value in round_times(truth).items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join("    " + json.dumps(row) for row in value)
            lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def round_times(value):
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {str(key): round_times(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [round_times(item) for item in value]
    return value


if __name__ == "__main__":
    main(sys.argv[1:])
