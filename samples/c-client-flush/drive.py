"""Bursts of more publishing requests than there are workers, and a cheap /ping beside them that suffers."""

import time

import load

WORKERS = 4
ROUNDS = 3
PUBLISHERS = 7
PING_PERIOD_SECONDS = 0.1


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    load.warm_up(5 * WORKERS, path="/ping", pause_seconds=0.02)

    began = time.time()
    with load.Pinger("/ping", PING_PERIOD_SECONDS) as pinger:
        for _ in range(ROUNDS):
            time.sleep(0.5)
            load.all_at_once(["/publish"] * PUBLISHERS)
        time.sleep(0.5)
    bad = ["loop-stall", "service-stall"]
    quiet = [*bad, *load.CALM, "gil-starvation"] if arguments.healthy else load.CALM
    load.write_driver(
        arguments.out,
        began,
        story="c-client-flush",
        variant=arguments.variant,
        server=f"gunicorn 20.1.0 gevent 22.10.2, {WORKERS} workers, confluent-kafka 1.7.0",
        expect={"found": [] if arguments.healthy else bad, "quiet": quiet},
        connections=ROUNDS * PUBLISHERS + len(pinger.pings),
        more=pinger.truth(),
    )


main()
