"""One client, one connection at a time, 20 a second."""

import time

import http_client
import load

CONNECTIONS = 43
SERVERS = {
    "inherited": "gunicorn 20.1.0 gevent 22.10.2, 5 workers, --reuse-port",
    "uwsgi": "uWSGI 2.0.21, 4 processes, --reuse-port",
    "own": "3 gunicorn 20.1.0 gevent 22.10.2 side by side, a worker each, --reuse-port",
}


def main():
    parser = load.parser()
    parser.add_argument("--sockets", required=True, choices=SERVERS)
    arguments = parser.parse_args()
    load.warm_up(11, path="/", pause_seconds=0.02, settle_seconds=0.5)

    began = time.time()
    for _ in range(CONNECTIONS):
        time.sleep(0.05)
        http_client.must_succeed(http_client.get("/"))
    inherited = arguments.sockets != "own"
    bad = ["ineffective-reuseport", "thundering-herd"]
    calm = ["loop-stall", "service-stall", "stranded-queue", *load.CALM]
    load.write_driver(
        arguments.out,
        began,
        story="reuseport-gunicorn",
        variant=arguments.variant,
        server=SERVERS[arguments.sockets],
        expect={"found": bad if inherited else [], "quiet": calm if inherited else [*bad, *calm]},
        connections=CONNECTIONS,
        more={"turnsAreWork": True} if arguments.sockets == "uwsgi" else {},
    )


main()
