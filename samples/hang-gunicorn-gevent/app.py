"""What no monkey patch reaches: psycopg2 (libpq waits for the server with its own poll), and a mutex of a C library."""

import ctypes
import os
import sys

import psycopg2

sys.path.insert(0, os.environ["HOME"])
import hang

libc = ctypes.CDLL(None)
# A pthread_mutex_t that is all zeros is one that nobody holds.
mutex = ctypes.create_string_buffer(64)


def ask_database():
    hang.say("database", f"127.0.0.1:{hang.UPSTREAM_PORT}")
    psycopg2.connect(
        host="127.0.0.1",
        port=hang.UPSTREAM_PORT,
        user="sample",
        dbname="sample",
        sslmode="disable",
        gssencmode="disable",
    )


def lock_twice():
    """As in a callback that takes the lock which its caller holds."""
    libc.pthread_mutex_lock(mutex)
    hang.say("lock", "a mutex that the same thread holds")
    libc.pthread_mutex_lock(mutex)


WORK = {"/database": ask_database, "/lock": lock_twice}


def application(environ, start_response):
    WORK.get(environ["PATH_INFO"], lambda: None)()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]
