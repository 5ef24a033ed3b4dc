"""A server that gives each connection a process or a thread of its own. usage: classic.py PORT fork|thread"""

import http.server
import socketserver
import sys


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *_):
        pass


class Forking(socketserver.ForkingMixIn, http.server.HTTPServer):
    pass


SERVERS = {"fork": Forking, "thread": http.server.ThreadingHTTPServer}

if __name__ == "__main__":
    SERVERS[sys.argv[2]](("127.0.0.1", int(sys.argv[1])), Hello).serve_forever()
