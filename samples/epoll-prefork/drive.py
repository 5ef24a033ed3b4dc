"""One client, one connection at a time."""

import time

import http_client
import load

CONNECTIONS = 53


def main():
    parser = load.parser()
    parser.add_argument("--server", required=True)
    arguments = parser.parse_args()
    load.warm_up(11, path="/", pause_seconds=0.02, settle_seconds=0.5)

    began = time.time()
    for _ in range(CONNECTIONS):
        time.sleep(0.03)
        http_client.must_succeed(http_client.get("/"))
    herd = arguments.server == "plain"
    quiet = ["loop-stall", "service-stall", *load.CALM]
    load.write_driver(
        arguments.out,
        began,
        story="epoll-prefork",
        variant=arguments.variant,
        server=f"bare Python 3.11.2, 4 processes, {arguments.server}",
        expect={
            "found": ["thundering-herd"] if herd else [],
            "quiet": quiet if herd else ["thundering-herd", *quiet],
        },
        connections=CONNECTIONS,
        more={"turnsAreWork": True},
    )


main()
