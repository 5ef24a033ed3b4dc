"""A server of Python itself that gives each connection a process or a thread of its own, or takes one at a time.
usage: classic.py PORT fork|thread|single"""

import http.server
import socketserver
import sys
import threading
import time

from web import ask_upstream

LOCK = threading.Lock()


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/up":
            ask_upstream()
        elif self.path == "/lock":
            with LOCK:
                time.sleep(0.3)
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *_):
        pass


class Forking(socketserver.ForkingMixIn, http.server.HTTPServer):
    pass


SERVERS = {"fork": Forking, "thread": http.server.ThreadingHTTPServer, "single": http.server.HTTPServer}

if __name__ == "__main__":
    SERVERS[sys.argv[2]](("127.0.0.1", int(sys.argv[1])), Hello).serve_forever()
