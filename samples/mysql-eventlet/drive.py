"""Slow reports and quick pings at the same time; warm workers first, so that no import and no connect is left for the
window."""

import time

import load

WORKERS = 2
ROUNDS = 5
REPORTS_AT_ONCE = 3
PING_PERIOD_SECONDS = 0.1


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    for _ in range(4):
        load.all_at_once(["/report"] * 4 * WORKERS)
    time.sleep(1.0)

    began = time.time()
    with load.Pinger("/ping", PING_PERIOD_SECONDS) as pinger:
        for _ in range(ROUNDS):
            time.sleep(0.4)
            load.all_at_once(["/report"] * REPORTS_AT_ONCE)
        time.sleep(0.4)
    bad = ["loop-stall", "service-stall"]
    client = "PyMySQL 1.0.2" if arguments.healthy else "MySQLdb 1.4.6"
    load.write_driver(
        arguments.out,
        began,
        story="mysql-eventlet",
        variant=arguments.variant,
        server=f"gunicorn 20.1.0 eventlet 0.33.1, {WORKERS} workers, {client}, MariaDB 10.11",
        expect={
            "found": [] if arguments.healthy else bad,
            "quiet": [*bad, *load.CALM] if arguments.healthy else load.CALM,
        },
        connections=ROUNDS * REPORTS_AT_ONCE + len(pinger.pings),
        more={"query": "SELECT SLEEP(0.4)", **pinger.truth()},
    )


main()
