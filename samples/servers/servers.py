"""The servers: how each is started on 127.0.0.1:18080, and which of its processes serve. Versions are those of
Debian 12."""

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field, replace

from loads import Sessions
from protocols import PORT, FastCgi, Http
from stage import CLEAN, RUN_DIR, first_line, is_listening, read_text


def itself(root, _family):
    return [root]


def children(root, family):
    return [seen["pid"] for seen in family if seen["parent"] == root]


@dataclass
class Server:
    """A server as a scene uses it. `fill` replaces words in the configuration, by file."""

    title: str
    command: list
    workers: object = itself
    environment: dict = field(default_factory=dict)
    settle_seconds: float = 1.0
    stop_signal: int = signal.SIGTERM
    fill: dict = field(default_factory=dict)
    before: object = None
    after: object = None
    truth: dict = field(default_factory=dict)
    # What an attached server is asked five times before the tracer comes.
    warm: object = None
    ready: object = None
    listens: object = lambda: is_listening(PORT)

    def prepare(self):
        for name, words in self.fill.items():
            with open(name) as handle:
                text = handle.read()
            for word, value in words.items():
                text = text.replace(word, value)
            with open(name, "w") as handle:
                handle.write(text)
        if self.before:
            self.before()

    def is_ready(self, _stage):
        return self.listens()

    def warm_up(self):
        if self.ready:
            self.ready()
        if self.warm is None:
            return
        for _ in range(5):
            connection = self.warm.connect(30)
            self.warm.ask(connection)
            self.warm.leave(connection)

    def clean_up(self):
        if self.after:
            self.after()

    def more_truth(self):
        return self.truth


PLAIN = Http("/small.txt")
PYTHON = {"PYTHONPATH": "/usr/lib/python3/dist-packages", "PYTHONDONTWRITEBYTECODE": "1"}


def certificate():
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sample", "-days", "7", "-keyout",
            "key.pem", "-out", "cert.pem",
        ],  # fmt: skip
        check=True,
        capture_output=True,
    )


def nginx(options="", limit="8m", bodies="bodies", before=certificate, after=None):
    """`options` of the listener: `ssl`, `reuseport`."""
    return Server(
        "nginx 1.22.1, 2 workers",
        ["/usr/sbin/nginx", "-p", RUN_DIR, "-c", "nginx.conf"],
        children,
        stop_signal=signal.SIGQUIT,
        fill={"nginx.conf": {"OPTIONS": options, "LIMIT": limit, "BODIES": bodies}},
        before=before,
        after=after,
        warm=Http("/small.txt", tls=options == "ssl"),
    )


def apache(model):
    title = {"prefork": "3 processes", "worker": "2 processes of 4 threads", "event": "2 processes of 4 threads"}[model]
    return Server(
        f"Apache 2.4 {model}, {title}",
        ["/usr/sbin/apache2", "-DFOREGROUND", f"-D{model}", "-f", f"{RUN_DIR}/apache.conf"],
        children,
        settle_seconds=2.0,
        warm=PLAIN,
    )


def apache_with_scripts():
    """A program for each request, started by a process of its own."""

    def write_script():
        os.makedirs("scripts")
        with open("scripts/slow.sh", "w") as handle:
            handle.write("#!/bin/sh\nsleep 0.2\nprintf 'Content-Type: text/plain\\n\\nhello\\n'\n")
        os.chmod("scripts/slow.sh", 0o755)

    return Server(
        "Apache 2.4 worker, scripts by mod_cgid",
        ["/usr/sbin/apache2", "-DFOREGROUND", "-Dworker", "-Dscripts", "-f", f"{RUN_DIR}/apache.conf"],
        lambda root, family: [seen["pid"] for seen in family if seen["parent"] == root and len(seen["tids"]) > 1],
        settle_seconds=2.0,
        before=write_script,
        warm=PLAIN,
    )


def varnish():
    command = [
        "/usr/sbin/varnishd", "-F", "-n", f"{RUN_DIR}/varnish", "-a", f"127.0.0.1:{PORT}", "-b", "127.0.0.1:18081",
        "-s", "malloc,16m", "-p", "thread_pools=2", "-p", "thread_pool_min=10",
    ]  # fmt: skip
    return Server("varnish 7.1.1, 2 pools", command, children, settle_seconds=3.0, warm=Http("/answer"))


def h2o():
    return Server("h2o 2.2.5, 2 threads", ["/usr/bin/h2o", "-c", "h2o.conf"], itself, settle_seconds=1.5, warm=PLAIN)


def nginx_before_php():
    """nginx hands every request to php-fpm, whose children run out; both are traced."""
    with_php = php_fpm()
    return replace(
        with_php,
        title="nginx 1.22.1, 2 workers, before php-fpm 8.2, 3 children",
        command=["/bin/sh", "both.sh"],
        workers=lambda _root, family: [
            seen["pid"]
            for seen in family
            if "master process" not in seen["command"] and "both.sh" not in seen["command"]
        ],
        fill={"php-fpm.conf": {"MANAGER": "static", "127.0.0.1:18080": "127.0.0.1:18082"}},
        settle_seconds=2.0,
        warm=Http("/web.php"),
    )


def lighttpd():
    return Server(
        "lighttpd 1.4.69, 2 workers",
        ["/usr/sbin/lighttpd", "-D", "-f", "lighttpd.conf"],
        children,
        stop_signal=signal.SIGINT,
        warm=PLAIN,
    )


def lighttpd_proxy(most):
    """One process with that limit of connections; what begins with /wait goes to the service behind."""
    behind = f'$HTTP["url"] =~ "^/wait" {{ proxy.server = ("" => (("host" => "127.0.0.1", "port" => {PORT + 1}))) }}'
    return Server(
        f"lighttpd 1.4.69, {most} connections",
        ["/usr/sbin/lighttpd", "-D", "-f", "lighttpd.conf"],
        stop_signal=signal.SIGINT,
        fill={
            "lighttpd.conf": {
                "server.max-worker = 2": f'server.modules = ("mod_proxy")\nserver.max-connections = {most}\n{behind}'
            }
        },
        warm=PLAIN,
    )


def haproxy(most=200):
    """`most` connections of clients at once."""
    return Server(
        f"haproxy 2.6.12, 2 threads{'' if most == 200 else f', {most} connections'}",
        ["/usr/sbin/haproxy", "-W", "-f", "haproxy.cfg"],
        children,
        fill={"haproxy.cfg": {"maxconn 200": f"maxconn {most}"}},
        warm=Http(),
    )


def php_fpm(manager="static"):
    return Server(
        f"php-fpm 8.2, {manager}, 3 children",
        ["/usr/sbin/php-fpm8.2", "-R", "-F", "-n", "-y", "php-fpm.conf"],
        children,
        fill={"php-fpm.conf": {"MANAGER": manager}},
        warm=FastCgi(f"{RUN_DIR}/web.php") if manager == "static" else None,
    )


def puma(workers):
    return Server(
        f"puma 5.6.5, {workers} workers, 4 threads" if workers else "puma 5.6.5, one process, 4 threads",
        [
            "/usr/bin/puma", "-b", f"tcp://127.0.0.1:{PORT}", *(["-w", str(workers)] if workers else []), "-t", "4:4",
            "-e", "production", "web.ru",
        ],  # fmt: skip
        children if workers else itself,
        settle_seconds=4.0 if workers else 1.0,
        warm=Http(),
    )


def unicorn():
    return Server(
        "unicorn 6.0.0, 2 workers",
        ["/usr/bin/unicorn", "-c", "unicorn.rb", "-E", "none", "web.ru"],
        children,
        settle_seconds=3.0,
        warm=Http(),
    )


def thin():
    return Server(
        "thin 1.8.1",
        ["/usr/bin/thin", "-a", "127.0.0.1", "-p", str(PORT), "-R", "web.ru", "-e", "production", "start"],
        settle_seconds=2.0,
        warm=Http(),
    )


def starman():
    return Server(
        "starman 0.4016, 2 workers",
        [
            "/usr/bin/perl", "/usr/bin/starman", "--listen", f"127.0.0.1:{PORT}", "--workers", "2", "--preload-app",
            "web.psgi",
        ],  # fmt: skip
        children,
        stop_signal=signal.SIGQUIT,
        settle_seconds=2.0,
        warm=Http(),
    )


def gunicorn(*options, title):
    command = ["/usr/bin/python3", "-m", "gunicorn", "-b", f"127.0.0.1:{PORT}", *options, "web:wsgi"]
    return Server(f"gunicorn 20.1.0 {title}", command, children, PYTHON, settle_seconds=2.0, warm=Http())


def waitress():
    command = ["/usr/bin/python3", "-m", "waitress", "--listen", f"127.0.0.1:{PORT}", "--threads", "4", "web:wsgi"]
    return Server("waitress 2.1.2, 4 threads", command, itself, PYTHON, warm=Http())


def uvicorn(workers):
    """Beside the workers of uvicorn runs a process of multiprocessing that holds resources: it does not serve."""
    command = [
        "/usr/bin/python3", "-m", "uvicorn", "--port", str(PORT),
        *(["--workers", str(workers)] if workers > 1 else []), "web:asgi",
    ]  # fmt: skip
    return Server(
        f"uvicorn 0.17.6, {workers} worker{'s' * (workers > 1)}",
        command,
        spawned if workers > 1 else itself,
        PYTHON,
        settle_seconds=3.0,
        warm=Http(),
    )


def inside(application, title, pool=False):
    """uvicorn with an application of `inside.py`; `pool`: it has a database."""
    command = ["/usr/bin/python3", "-m", "uvicorn", "--port", str(PORT), "--no-access-log", f"inside:{application}"]
    server = Server(title, command, itself, PYTHON, settle_seconds=3.0, warm=Http("/nap"))
    return with_database(server, Http("/queued")) if pool else server


def fastapi(pool=False):
    title = "FastAPI 0.92, uvicorn 0.17.6, 40 threads of anyio"
    return inside("api", f"{title}, 15 connections of SQLAlchemy 1.4" if pool else title, pool)


def django():
    return inside("django", "Django 3.2 under ASGI, uvicorn 0.17.6")


def psycopg_pool():
    command = [
        "/usr/bin/python3", "-m", "gunicorn", "-b", f"127.0.0.1:{PORT}", "-k", "gthread", "-w", "1", "--threads", "16",
        "inside:wsgi",
    ]  # fmt: skip
    title = "gunicorn 20.1.0 gthread, 16 threads, 3 connections of psycopg_pool 3.1"
    return with_database(Server(title, command, children, PYTHON, settle_seconds=2.0), Http("/queued"))


def with_database(server, warm):
    """The same server and a PostgreSQL of its own on port 18082, which nobody traces."""
    database = postgresql()
    command = [word.replace(f"port={PORT}", f"port={PORT + 2}") for word in database.command]
    started = []

    def start():
        database.before()
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=CLEAN))
        for _ in range(100):
            if is_listening(PORT + 2):
                return
            time.sleep(0.1)
        raise SystemExit("the database does not start")

    def end():
        started[0].send_signal(signal.SIGQUIT)
        started[0].wait()

    environment = {**server.environment, "SAMPLE_POOL": "1"}
    return replace(server, environment=environment, before=start, after=end, warm=warm)


def hypercorn():
    command = ["/usr/bin/python3", "-m", "hypercorn", "-w", "2", "-b", f"127.0.0.1:{PORT}", "web:asgi"]
    return Server("hypercorn 0.13.2, 2 workers", command, spawned, PYTHON, settle_seconds=3.0, warm=Http())


def spawned(root, family):
    """Children of multiprocessing, without the one that tracks resources."""
    return [seen["pid"] for seen in family if seen["parent"] == root and "resource_tracker" not in seen["command"]]


def classic(how):
    """
    Python's own server with a process or a thread for each connection, or for one at a time; of processes nobody keeps
    a list.
    """
    title = {
        "fork": "a process for each connection",
        "thread": "a thread for each connection",
        "single": "one connection at a time",
    }[how]
    workers = itself if how != "fork" else lambda _root, _family: []
    return Server(
        f"Python 3.11 http.server, {title}",
        ["/usr/bin/python3", "classic.py", str(PORT), how],
        workers,
        PYTHON,
        warm=Http(),
    )


def uwsgi(threads=1):
    command = [
        "/usr/bin/uwsgi", "--plugin", "python3", "--http-socket", f"127.0.0.1:{PORT}", "--master", "--processes", "2",
        "--wsgi-file", "web.py", "--callable", "wsgi",
    ]  # fmt: skip
    more = ["--threads", str(threads)] if threads > 1 else []
    title = f"uWSGI 2.0.21, 2 processes{f' of {threads} threads' if more else ''}"
    return Server(
        title, [*command, *more], children, PYTHON, settle_seconds=2.0, stop_signal=signal.SIGINT, warm=Http()
    )


def tornado():
    return Server("tornado 6.2", ["/usr/bin/python3", "web.py", str(PORT)], itself, PYTHON, warm=Http())


def twisted():
    """Its loop hands what blocks to a pool of four threads."""
    return Server(
        "Twisted 22.4, 4 pool threads",
        ["/usr/bin/python3", "web.py", str(PORT), "twisted"],
        itself,
        PYTHON,
        settle_seconds=2.0,
        warm=Http(),
    )


def cheroot():
    """The server of CherryPy: one thread waits in epoll and asks with poll before each accept, four do the work."""
    return Server(
        "cheroot 9.0.0, 4 threads", ["/usr/bin/python3", "web.py", str(PORT), "cheroot"], itself, PYTHON, warm=Http()
    )


def go(*arguments, before=None):
    def build():
        subprocess.run(
            ["go", "build", "-o", "web", "web.go"],
            check=True,
            env={**CLEAN, "GOCACHE": "/tmp/drover-sample-go", "GOPATH": "/tmp/drover-sample-go"},
        )
        certificate()

    return Server(
        f"{first_line(['go', 'version']).split()[2].replace('go', 'Go ')} net/http",
        ["./web", str(PORT), *arguments],
        itself,
        before=build,
        warm=Http(tls=len(arguments) > 1),
    )


def java():
    def build():
        subprocess.run(["javac", "-d", ".", "Web.java"], check=True)

    # Without shared performance data: no file of this machine's /tmp.
    return Server(
        "OpenJDK 17 HttpServer, 4 threads",
        ["/usr/bin/java", "-Xint", "-XX:-UsePerfData", "-cp", RUN_DIR, "Web", str(PORT)],
        itself,
        settle_seconds=2.0,
        before=build,
        warm=Http(),
    )


def jetty():
    jars = ":".join(
        f"/usr/share/java/{name}.jar"
        for name in ("jetty9-server", "jetty9-http", "jetty9-io", "jetty9-util", "servlet-api")
    )

    def build():
        subprocess.run(["javac", "-cp", jars, "-d", ".", "JettyWeb.java"], check=True)

    command = ["/usr/bin/java", "-Xint", "-XX:-UsePerfData", "-cp", f"{RUN_DIR}:{jars}", "JettyWeb", str(PORT)]
    return Server("jetty 9.4.57, 10 threads", command, itself, settle_seconds=3.0, before=build, warm=Http())


def node(how="single"):
    title = {
        "single": "one process",
        "cluster": "cluster of 2 workers",
        "tls": "one process, TLS",
        "workers": "2 worker threads",
    }[how]
    return Server(
        f"{first_line(['node', '--version']).replace('v', 'Node.js ')}, {title}",
        ["/usr/bin/node", "web.mjs", str(PORT), how],
        children if how == "cluster" else itself,
        before=certificate,
        warm=Http(tls=how == "tls"),
    )


def node_with_deaf_name_server():
    """
    The server alone sees a resolv.conf of its own, in a mount namespace; whom it names there gets the questions and
    says nothing.
    """
    deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def listen():
        deaf.bind(("127.0.0.9", 53))
        with open("resolv.conf", "w") as handle:
            handle.write("nameserver 127.0.0.9\noptions timeout:1 attempts:2\n")

    server = node()
    inside = f"mount --bind {RUN_DIR}/resolv.conf /etc/resolv.conf && exec {' '.join(server.command)}"
    return replace(server, command=["/usr/bin/unshare", "-m", "sh", "-c", inside], before=listen, after=deaf.close)


def redis(*options):
    return Server(
        "redis 7.0.15",
        ["/usr/bin/redis-server", "redis.conf", "--dir", RUN_DIR, *options],
        itself,
    )


def memcached():
    return Server(
        "memcached 1.6.18, 4 threads",
        ["/usr/bin/memcached", "-u", "root", "-l", "127.0.0.1", "-p", str(PORT), "-t", "4", "-m", "16"],
        itself,
    )


def inets():
    configuration = (
        f'[{{port,{PORT}}},{{bind_address,"127.0.0.1"}},{{server_name,"sample"}},'
        f'{{server_root,"{RUN_DIR}"}},{{document_root,"{RUN_DIR}"}}]'
    )
    command = [
        "/usr/bin/erl", "-noshell", "-noinput", "+S", "2:2", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none",
        "-eval", f"inets:start(), {{ok,_}} = inets:start(httpd, {configuration}).",
    ]  # fmt: skip
    return Server("Erlang/OTP 25 inets", command, itself, settle_seconds=2.0, stop_signal=signal.SIGKILL, warm=PLAIN)


def postgresql(*options):
    programs = "/usr/lib/postgresql/15/bin"
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def make():
        os.chmod(RUN_DIR, 0o755)
        os.makedirs("data", 0o700)
        shutil.chown("data", "postgres", "postgres")
        subprocess.run(
            [*as_user, f"{programs}/initdb", "-D", "data", "--auth", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            env=CLEAN,
        )

    return Server(
        "PostgreSQL 15",
        [
            *as_user, f"{programs}/postgres", "-D", f"{RUN_DIR}/data", "-c", f"port={PORT}", "-c",
            "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "autovacuum=off", "-c",
            "shared_buffers=16MB", *options,
        ],  # fmt: skip
        backends,
        stop_signal=signal.SIGINT,
        settle_seconds=2.0,
        before=make,
        ready=fill_tables,
    )


def postgresql_with_sessions():
    """Its clients are there before the tracer comes."""
    server = postgresql()
    server.sessions = Sessions("sessions", clients=3, each=13, every=0.31)

    def make_ready():
        fill_tables()
        server.sessions.open()

    server.ready = make_ready
    return server


CLIENT = ["-h", "127.0.0.1", "-p", str(PORT), "-U", "postgres"]


def fill_tables():
    subprocess.run(["/usr/bin/pgbench", *CLIENT, "-i", "-q", "postgres"], check=True, capture_output=True)


def backends(root, family):
    """Processes that were forked for a client each."""
    return [seen["pid"] for seen in family if seen["parent"] == root and "127.0.0.1(" in seen["command"]]


def with_broker(server):
    """The same server and a redis of its own on port 18082, which nobody traces."""
    broker = []

    def start():
        broker.append(
            subprocess.Popen(
                ["/usr/bin/redis-server", "--port", "18082", "--bind", "127.0.0.1", "--save", ""],
                stdout=subprocess.DEVNULL,
            )
        )

    def end():
        broker[0].kill()
        broker[0].wait()

    return replace(server, before=start, after=end)


def celery():
    command = [
        "/usr/bin/python3", "-m", "celery", "-A", "tasks", "worker", "-c", "2", "-l", "info", "--without-gossip",
        "--without-mingle",
    ]  # fmt: skip
    server = Server(
        "celery 5.2.6, pool of 2 processes",
        command,
        children,
        PYTHON,
        settle_seconds=2.0,
        listens=lambda: " ready." in read_text("server.log"),
    )
    return with_broker(server)


def sidekiq():
    server = Server(
        "sidekiq 6.4.1, 3 threads",
        ["/usr/bin/sidekiq", "-r", "./jobs.rb", "-c", "3", "-e", "production"],
        itself,
        settle_seconds=2.0,
        listens=lambda: "brpop" in read_text("server.log"),
    )
    return with_broker(server)
