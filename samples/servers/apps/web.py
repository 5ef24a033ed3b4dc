"""The same small application for WSGI (`wsgi`), ASGI (`asgi`), tornado (`python3 web.py PORT`), cheroot and Twisted
(`… PORT cheroot`)."""

import asyncio
import socket
import subprocess
import sys
import time

REPLY = b"hello\n"


def ask_upstream():
    """A blocking question that is answered after 1.5 s."""
    with socket.create_connection(("127.0.0.1", 18081), timeout=30) as connection:
        connection.sendall(b"GET /wait/1500 HTTP/1.0\r\n\r\n")
        while connection.recv(65536):
            pass


def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/up":
        ask_upstream()
    elif path == "/sleep":
        time.sleep(1)
    elif path == "/child":
        subprocess.run(["/bin/sleep", "11"], check=True)
    elif path == "/upload":
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    body = REPLY * 20000 if path == "/big" else REPLY
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await echo(receive, send)
        return
    path, headers = scope["path"], [(b"content-type", b"text/plain")]
    if path == "/events":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        gone = asyncio.ensure_future(until_gone(receive))
        while not gone.done():
            await send({"type": "http.response.body", "body": b"data: tick\n\n", "more_body": True})
            await asyncio.wait([gone], timeout=0.2)
        return
    if path == "/sleep":
        time.sleep(1)
    elif path in ("/up", "/nap"):
        # On a thread of the executor: as many as cores and four more.
        await asyncio.get_running_loop().run_in_executor(
            None, ask_upstream if path == "/up" else lambda: time.sleep(0.01)
        )
    elif path == "/child":
        subprocess.run(["/bin/sleep", "1"], check=True)
    body = REPLY * 20000 if path == "/big" else REPLY
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def until_gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


def serve_with_tornado(port):
    import tornado.ioloop
    import tornado.web

    class Hello(tornado.web.RequestHandler):
        def get(self):
            if self.request.path == "/sleep":
                time.sleep(1)
            self.write(REPLY)

        def post(self):
            self.write(REPLY)

    tornado.web.Application([(r"/.*", Hello)]).listen(port, "127.0.0.1")
    tornado.ioloop.IOLoop.current().start()


def serve_with_twisted(port):
    from twisted.internet import reactor, threads
    from twisted.web import resource, server

    class Hello(resource.Resource):
        isLeaf = True

        def render_GET(self, request):
            if request.path == b"/":
                return REPLY

            def done(_):
                request.write(REPLY)
                request.finish()

            what = (ask_upstream,) if request.path == b"/up" else (time.sleep, 0.01)
            threads.deferToThread(*what).addCallback(done)
            return server.NOT_DONE_YET

    reactor.suggestThreadPoolSize(4)
    reactor.listenTCP(port, server.Site(Hello()), interface="127.0.0.1")
    reactor.run()


def serve_with_cheroot(port):
    from cheroot import wsgi as cheroot

    cheroot.Server(("127.0.0.1", port), wsgi, numthreads=4).start()


if __name__ == "__main__":
    serve = {"cheroot": serve_with_cheroot, "twisted": serve_with_twisted}.get(sys.argv[-1], serve_with_tornado)
    serve(int(sys.argv[1]))
