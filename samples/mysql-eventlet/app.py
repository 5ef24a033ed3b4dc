"""A service that asks MySQL for something that takes a while.

DRIVER in the environment: mysqldb (a C client, which waits inside poll() and stops the loop) or pymysql (Python
sockets, which eventlet has made cooperative).
"""

import os
import sys

sys.path.insert(0, os.environ["HOME"])
import truth_log

QUERY = "SELECT SLEEP(0.4)"
SERVER = {"host": "127.0.0.1", "port": 13306, "user": "shop", "password": "shop"}

is_c_client = os.environ["DRIVER"] == "mysqldb"
if is_c_client:
    import MySQLdb as client
else:
    import pymysql as client

truth = truth_log.open_from_environment()
truth.note("ready", "worker")
idle_connections = []


def application(environ, start_response):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    with truth.section("request", request):
        if environ["PATH_INFO"] == "/report":
            report(request)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]


def report(request):
    connection = idle_connections.pop() if idle_connections else client.connect(**SERVER)
    with connection.cursor() as cursor:
        if is_c_client:
            with truth.section("block", request, "foreign-poll"):
                cursor.execute(QUERY)
        else:
            cursor.execute(QUERY)
        cursor.fetchall()
    idle_connections.append(connection)
