"""Quick calls, one after the other, and a slow one now and then; three times several slow ones at once."""

import time

import http_client
import load

WORKERS = 3
QUICK = 29
SLOW = 7
BURSTS = 3
BURST = 8


def main():
    parser = load.parser()
    parser.add_argument("--healthy", action="store_true")
    arguments = parser.parse_args()
    load.warm_up(5 * WORKERS)

    began = time.time()
    time.sleep(0.2)
    for _ in range(QUICK):
        http_client.must_succeed(http_client.get("/quick"))
        time.sleep(0.03)
    with load.Pinger("/quick", 0.1) as pinger:
        for _ in range(SLOW):
            http_client.must_succeed(http_client.get("/slow"))
            time.sleep(0.1)
        for _ in range(BURSTS):
            load.all_at_once(["/slow"] * BURST)
            time.sleep(0.2)
    bad = ["loop-stall", "service-stall"]
    listener = "a listener each (SO_REUSEPORT)" if arguments.healthy else "one listener"
    load.write_driver(
        arguments.out,
        began,
        story="asyncio-server",
        variant=arguments.variant,
        server=f"asyncio of Python 3.11.2, {WORKERS} processes, {listener}",
        expect={
            "found": [] if arguments.healthy else bad,
            "quiet": [*bad, *load.CALM] if arguments.healthy else load.CALM,
        },
        connections=QUICK + SLOW + BURSTS * BURST + len(pinger.pings),
        more=pinger.truth(),
    )


main()
