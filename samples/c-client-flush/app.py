"""A service that publishes to Kafka from its requests, while the broker is down.

FLUSH in the environment: request (the handler flushes: a C library waits, the event loop with it) or background (the
handler only polls; a native thread of gevent's pool does the waiting).
"""

import os
import sys
import time

import confluent_kafka
import gevent

sys.path.insert(0, os.environ["HOME"])
import truth_log

FLUSH_SECONDS = 0.7

flushes_in_request = os.environ["FLUSH"] == "request"
producer = confluent_kafka.Producer(
    {"bootstrap.servers": "127.0.0.1:19092", "reconnect.backoff.max.ms": 2000, "log_level": 0}
)
truth = truth_log.open_from_environment()


def flush_for_ever():
    while True:
        producer.flush(5.0)


if not flushes_in_request:
    gevent.get_hub().threadpool.spawn(flush_for_ever)
truth.note("ready", "worker")


def application(environ, start_response):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    with truth.section("request", request):
        if environ["PATH_INFO"] == "/publish":
            publish(request)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]


def publish(request):
    producer.produce("orders", f"order at {time.time()}".encode())
    if flushes_in_request:
        with truth.section("block", request, "futex-ladder"):
            producer.flush(FLUSH_SECONDS)
    else:
        producer.poll(0)
