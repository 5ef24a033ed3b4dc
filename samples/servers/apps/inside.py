"""Servers that accept well and have a limit inside: FastAPI with `def` endpoints (`api`) and Django under ASGI with
views that are no coroutines (`django`), both for uvicorn; WSGI with a pool of psycopg (`wsgi`). The database is
PostgreSQL on port 18082."""

import os
import socket
import time

REPLY = "hello\n"
DATABASE = "host=127.0.0.1 port=18082 user=postgres dbname=postgres"


def ask_upstream(ms=1500):
    """A blocking question to the service behind."""
    with socket.create_connection(("127.0.0.1", 18081), timeout=30) as connection:
        connection.sendall(f"GET /wait/{ms} HTTP/1.0\r\n\r\n".encode())
        while connection.recv(65536):
            pass


def make_api():
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    api = FastAPI()

    @api.get("/")
    async def hello():
        return PlainTextResponse(REPLY)

    @api.get("/up")
    def up():
        # On one of the 40 threads of anyio, as every endpoint without `async`.
        ask_upstream()
        return PlainTextResponse(REPLY)

    @api.get("/nap")
    def nap():
        time.sleep(0.01)
        return PlainTextResponse(REPLY)

    if "SAMPLE_POOL" in os.environ:
        from sqlalchemy import create_engine, text

        # As many connections as SQLAlchemy opens by itself: 5, and 10 more.
        engine = create_engine("postgresql+psycopg2://postgres@127.0.0.1:18082/postgres")

        @api.get("/queued")
        def queued():
            with engine.connect() as connection:
                connection.execute(text("select pg_sleep(0.4)"))
            return PlainTextResponse(REPLY)

    return api


def make_django():
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse
    from django.urls import path

    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="inside", SECRET_KEY="sample", MIDDLEWARE=[])
    django.setup()

    async def hello(_request):
        return HttpResponse(REPLY)

    def up(_request):
        ask_upstream(400)
        return HttpResponse(REPLY)

    def nap(_request):
        time.sleep(0.01)
        return HttpResponse(REPLY)

    global urlpatterns
    urlpatterns = [path("", hello), path("up", up), path("nap", nap)]
    return get_asgi_application()


def make_wsgi():
    from psycopg_pool import ConnectionPool

    pool = ConnectionPool(DATABASE, min_size=3, max_size=3, open=False)

    def wsgi(environ, start_response):
        if environ["PATH_INFO"] == "/queued":
            pool.open()
            with pool.connection() as connection:
                connection.execute("select pg_sleep(0.4)")
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(REPLY)))])
        return [REPLY.encode()]

    return wsgi


def __getattr__(name):
    """Makes the application that the server asks for, and no other."""
    makers = {"api": make_api, "django": make_django, "wsgi": make_wsgi}
    if name not in makers:
        raise AttributeError(name)
    globals()[name] = makers[name]()
    return globals()[name]
