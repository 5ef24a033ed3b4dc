"""Every scene: which server, how it is traced, and what happens to it. A scene is a function that makes the loads and
the acts of a stage."""

import os
import signal
import subprocess
import time

import servers
from loads import Load, Pgbench, Psql, Streams
from protocols import PORT, Commands, FastCgi, Http, Jobs, Lines, Tasks, WebSocket
from stage import RUN_DIR

SCENES = {}


def scene(name, server, attached=True):
    """Adds a scene: `server` makes a server, the function below it is what happens."""

    def add(function):
        SCENES[name] = (server, attached, function)
        return function

    return add


def healthy(path="/", kept=160, new=60, tls=False, keepers=4):
    """Steady clients: some keep their connection, the others make a new one for each request."""
    return [
        Load("kept", Http(path, kept=True, tls=tls), clients=keepers, each=kept // keepers, every=0.13, kept=True),
        Load("new", Http(path, tls=tls), clients=2, each=new // 2, every=0.17),
    ]


def idle(path="/", count=12, protocol=None):
    """Two requests a second."""
    return [Load("idle", protocol or Http(path), clients=1, each=count, every=0.5)]


def steady(name, server, attached=True, **options):
    scene(name, server, attached)(lambda stage: stage.run(*healthy(**options)))


def quiet(name, server, attached=True, **options):
    scene(name, server, attached)(lambda stage: stage.run(*idle(**options)))


def exhausted(name, server, workers, clients, attached=True, path="/", slow_path="/up", protocol=Http):
    """
    More clients than workers ask for what takes the service behind 1.5 s, twice each; others want a small thing and
    wait.
    """

    def play(stage):
        begins = time.time()
        stage.run(
            Load("behind", protocol(slow_path), clients=clients, each=2, every=1.5),
            Load("others", protocol(path), clients=4, each=10, every=0.4),
        )
        stage.act(
            act="exhaust",
            workers=workers,
            upstream="127.0.0.1:18081",
            upstreamMs=1500,
            **{"from": begins, "to": time.time()},
        )

    scene(name, server, attached)(play)


# Servers whose loop is a set that threads share.
quiet("go-idle", servers.go, attached=False)
steady("go", servers.go)
steady("inets", servers.inets, path="/small.txt", kept=24, new=12)
quiet("inets-idle", servers.inets, path="/small.txt")

# Threads that were there before the tracer, and the twin that was traced from its start.
steady("apache-worker", lambda: servers.apache("worker"), path="/small.txt")
steady("apache-event", lambda: servers.apache("event"), path="/small.txt")
steady("apache-worker-started", lambda: servers.apache("worker"), attached=False, path="/small.txt", kept=80, new=30)
steady("waitress", servers.waitress)
steady("java", servers.java)
steady("cheroot", servers.cheroot, kept=80, new=40, keepers=2)
steady("jetty", servers.jetty)
steady("puma-single", lambda: servers.puma(0), kept=80, new=40, keepers=2)
steady("puma-cluster", lambda: servers.puma(2))
steady(
    "gthread",
    lambda: servers.gunicorn("-k", "gthread", "-w", "2", "--threads", "2", title="gthread, 2 workers of 2 threads"),
    kept=100,
    new=40,
)

# A process for each connection, so long as it lasts: with as many kept ones as there are processes, everybody else
# waits for them to end.
def few_kept(path="/"):
    return [Load("kept", Http(path, kept=True), 1, 40, 0.13, kept=True), Load("new", Http(path), 1, 60, 0.1)]


def many_kept(stage, path, workers):
    begins = time.time()
    stage.run(*healthy(path, kept=40, new=20))
    stage.act(act="keep", workers=workers, **{"from": begins, "to": time.time()})


scene("apache-prefork", lambda: servers.apache("prefork"))(lambda stage: stage.run(*few_kept("/small.txt")))
scene("starman", servers.starman)(lambda stage: stage.run(*few_kept()))
scene("apache-prefork-kept", lambda: servers.apache("prefork"))(lambda stage: many_kept(stage, "/small.txt", 3))
steady("unicorn", servers.unicorn)
steady("gunicorn-sync", lambda: servers.gunicorn("-w", "2", title="sync, 2 workers"))

steady("uwsgi", servers.uwsgi, kept=80, new=40)
steady("uwsgi-threads", lambda: servers.uwsgi(2), kept=80, new=40)
steady("twisted", servers.twisted, path="/nap", kept=80, new=40)
steady("uvicorn-executor", lambda: servers.uvicorn(1), path="/nap", kept=80, new=40)


@scene("classic-fork", lambda: servers.classic("fork"))
def _(stage):
    stage.run(Load("new", Http(), clients=2, each=20, every=0.2))


@scene("classic-thread", lambda: servers.classic("thread"))
def _(stage):
    stage.run(Load("new", Http(), clients=2, each=30, every=0.17))


@scene("classic-thread-lock", lambda: servers.classic("thread"))
def _(stage):
    """Five clients want one lock of the application, 300 ms each; each connection has a thread of its own."""
    begins = time.time()
    stage.run(
        Load("lock", Http("/lock"), clients=5, each=4, every=0.5), Load("new", Http(), clients=1, each=20, every=0.3)
    )
    stage.act(act="lock", clients=5, heldMs=300, **{"from": begins, "to": time.time()})


# One client, so that nobody ever waits for another.
scene("classic-single", lambda: servers.classic("single"))(
    lambda stage: stage.run(Load("new", Http(), clients=1, each=40, every=0.13))
)

# Loops.
steady("nginx", servers.nginx, attached=False, path="/small.txt")
steady("nginx-tls", lambda: servers.nginx("ssl"), path="/small.txt", tls=True, kept=80, new=30)
steady("nginx-reuseport", lambda: servers.nginx("reuseport"), path="/small.txt")
steady("lighttpd", servers.lighttpd, path="/small.txt")
steady("haproxy", servers.haproxy)
steady("thin", servers.thin)
steady("gunicorn-gevent", lambda: servers.gunicorn("-k", "gevent", "-w", "2", title="gevent, 2 workers"))
steady("uvicorn", lambda: servers.uvicorn(2))
steady("hypercorn", servers.hypercorn)
steady("tornado", servers.tornado)
steady("node", servers.node)
steady("node-cluster", lambda: servers.node("cluster"))
steady("node-tls", lambda: servers.node("tls"), tls=True, kept=80, new=30)
@scene("go-mutex", servers.go)
def _(stage):
    """Five clients want one lock of the application, 300 ms each: what goroutines wait for shows in no call."""
    stage.run(Load("lock", Http("/lock"), clients=5, each=3, every=0.5), *healthy(kept=24, new=30))


steady("go-tls", lambda: servers.go("cert.pem", "key.pem"), tls=True, kept=80, new=30)

@scene("gunicorn-sync-child", lambda: servers.gunicorn("-w", "3", title="sync, 3 workers"))
def _(stage):
    """One worker of three waits for a child process for 11 s."""
    stage.run(Load("long", Http("/child"), clients=1, each=1), Load("new", Http(), clients=2, each=60, every=0.18))


# Everybody waits for one service.
exhausted("apache-prefork-exhausted", lambda: servers.apache("prefork"), 3, 6, path="/small.txt")
exhausted("apache-event-exhausted", lambda: servers.apache("event"), 8, 12, path="/small.txt")
exhausted("unicorn-exhausted", servers.unicorn, 2, 4)
exhausted("starman-exhausted", servers.starman, 2, 4)
exhausted("gunicorn-sync-exhausted", lambda: servers.gunicorn("-w", "2", title="sync, 2 workers"), 2, 4)
exhausted("puma-single-exhausted", lambda: servers.puma(0), 4, 8)
exhausted("puma-cluster-exhausted", lambda: servers.puma(2), 8, 12)
exhausted(
    "gthread-exhausted",
    lambda: servers.gunicorn("-k", "gthread", "-w", "2", "--threads", "2", title="gthread, 2 workers of 2 threads"),
    4,
    8,
)
exhausted("waitress-exhausted", servers.waitress, 4, 8)
exhausted("cheroot-exhausted", servers.cheroot, 4, 8)
exhausted("java-exhausted", servers.java, 4, 8)
exhausted(
    "php-fpm-exhausted",
    servers.php_fpm,
    3,
    6,
    path=f"{RUN_DIR}/web.php",
    slow_path=f"{RUN_DIR}/up.php",
    protocol=FastCgi,
)
exhausted("jetty-exhausted", servers.jetty, 7, 14)
exhausted("nginx-php-fpm-exhausted", servers.nginx_before_php, 3, 6, path="/web.php", slow_path="/up.php")


@scene("nginx-php-fpm", servers.nginx_before_php)
def _(stage):
    stage.run(
        Load("new", Http("/web.php"), clients=3, each=30, every=0.2),
        Load("plain", Http("/small.txt", kept=True), 1, 30, 0.13, kept=True),
    )


@scene("apache-scripts", servers.apache_with_scripts)
def _(stage):
    stage.run(
        Load("script", Http("/scripts/slow.sh"), clients=2, each=8, every=0.5),
        Load("plain", Http("/small.txt"), clients=2, each=20, every=0.2),
    )


steady("varnish", servers.varnish, path="/answer", kept=80, new=40)
steady("h2o", servers.h2o, path="/small.txt", kept=80, new=40)
exhausted("uwsgi-exhausted", servers.uwsgi, 2, 4)
exhausted("uwsgi-threads-exhausted", lambda: servers.uwsgi(2), 4, 8)
exhausted("twisted-exhausted", servers.twisted, 4, 8, path="/nap")
exhausted("uvicorn-executor-exhausted", lambda: servers.uvicorn(1), 6, 12, path="/nap")
exhausted("classic-single-exhausted", lambda: servers.classic("single"), 1, 2)


def behind_slow_service(name, server, path="/"):
    """
    One client at a time asks for what takes the service behind 1.5 s; workers are left for everybody else, and nobody
    else waits.
    """

    def play(stage):
        begins = time.time()
        stage.run(
            Load("behind", Http("/up"), clients=1, each=3, every=1.6),
            Load("others", Http(path), clients=2, each=20, every=0.25),
        )
        stage.act(act="wait", upstream="127.0.0.1:18081", upstreamMs=1500, **{"from": begins, "to": time.time()})

    scene(name, server)(play)


behind_slow_service("apache-prefork-slow", lambda: servers.apache("prefork"), "/small.txt")
behind_slow_service("starman-slow", servers.starman)
behind_slow_service("puma-single-slow", lambda: servers.puma(0))
behind_slow_service(
    "gthread-slow",
    lambda: servers.gunicorn("-k", "gthread", "-w", "2", "--threads", "2", title="gthread, 2 workers of 2 threads"),
)
behind_slow_service("waitress-slow", servers.waitress)
behind_slow_service("java-slow", servers.java)
behind_slow_service("nginx-slow", servers.nginx, "/small.txt")
behind_slow_service("node-slow", servers.node)
behind_slow_service("go-slow", servers.go)
behind_slow_service(
    "gunicorn-gevent-slow", lambda: servers.gunicorn("-k", "gevent", "-w", "2", title="gevent, 2 workers")
)


def of_worker_threads(name, clients, act):
    """Some ask for what a worker thread takes 1.5 s for, others for what the main thread answers itself."""

    def play(stage):
        begins = time.time()
        stage.run(
            Load("behind" if act == "exhaust" else "worker", Http("/worker"), clients=clients, each=3, every=1.6),
            Load("others", Http("/"), clients=2, each=20, every=0.25),
        )
        stage.act(act=act, workers=2, upstream="", upstreamMs=1500, **{"from": begins, "to": time.time()})

    scene(name, lambda: servers.node("workers"))(play)


of_worker_threads("node-workers-exhausted", clients=6, act="exhaust")
of_worker_threads("node-workers", clients=1, act="wait")


def at_limit(name, server, most):
    """
    More clients than the server has connections for ask for what takes the service behind 0.7 s, one after another.
    """

    def play(stage):
        begins = time.time()
        stage.run(Load("clients", Http("/wait/700"), clients=9, each=2, every=0.7))
        stage.act(act="limit", connections=most, **{"from": begins, "to": time.time()})

    scene(name, server)(play)


at_limit("go-full", lambda: servers.go("3"), 3)
at_limit("haproxy-full", lambda: servers.haproxy(3), 3)
at_limit("lighttpd-full", lambda: servers.lighttpd_proxy(3), 3)


def below_limit(name, server):
    """As many clients, and room for all of them."""
    scene(name, server)(lambda stage: stage.run(Load("clients", Http("/wait/300"), clients=9, each=2, every=0.7)))


below_limit("haproxy-slow", servers.haproxy)
below_limit("lighttpd-slow", lambda: servers.lighttpd_proxy(60))


@scene("php-fpm", servers.php_fpm)
def _(stage):
    stage.run(Load("new", FastCgi(f"{RUN_DIR}/web.php"), clients=3, each=30, every=0.2))


@scene("php-fpm-ondemand", lambda: servers.php_fpm("ondemand"), attached=False)
def _(stage):
    """Children come with the load and leave after 2 s without any."""
    stage.run(Load("new", FastCgi(f"{RUN_DIR}/web.php"), clients=1, each=20, every=0.15))
    stage.run(Load("burst", FastCgi(f"{RUN_DIR}/web.php"), clients=3, each=5, every=0.1))
    time.sleep(3.5)
    stage.run(Load("again", FastCgi(f"{RUN_DIR}/web.php"), clients=1, each=10, every=0.15))


# Ends of connections.
def upload(size, clients=2, each=6, status_path="/upload"):
    return Load(
        "upload", Http(status_path, "POST", b"abcdefghijklmnop" * (size // 16)), clients=clients, each=each, every=0.3
    )


@scene("nginx-too-large", lambda: servers.nginx(limit="16k"))
def _(stage):
    """413: the answer comes before the body was read, the rest is read and thrown away."""
    stage.run(upload(64000), Load("new", Http("/small.txt"), clients=2, each=20, every=0.2))


@scene("nginx-leavers", servers.nginx)
def _(stage):
    """Clients that wait 0.4 s for what takes 1.5 s."""
    stage.run(
        Load("impatient", Http("/up"), clients=3, each=3, every=1.1, patience=0.4),
        Load("new", Http("/small.txt"), clients=2, each=20, every=0.2),
    )


@scene("nginx-disk-full", lambda: servers.nginx(bodies="small/bodies", before=small_disk, after=no_disk))
def _(stage):
    """Bodies of requests go to a file system that becomes full after 1.5 s."""

    def fill():
        time.sleep(1.5)
        begins = time.time()
        with open("small/filler", "wb") as handle:
            try:
                while True:
                    handle.write(b"x" * 65536)
                    handle.flush()
            except OSError:
                pass
        stage.act(act="fill-disk", **{"from": begins, "to": time.time() + 30})

    stage.run(upload(64000, each=10), Load("new", Http("/small.txt"), clients=2, each=20, every=0.2), fill)


def small_disk():
    servers.certificate()
    os.makedirs("small")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", f"{RUN_DIR}/small"], check=True)


def no_disk():
    subprocess.run(["umount", "-l", f"{RUN_DIR}/small"], check=False)


@scene("hypercorn-events", servers.hypercorn)
def _(stage):
    """
    Clients read events for 3 s and leave, as those of a page that is closed do; others ask for small things meanwhile.
    """
    stage.run(Streams("events", "/events", 3, 3.0, PORT), Load("new", Http(), clients=2, each=20, every=0.2))


@scene("go-events", servers.go)
def _(stage):
    stage.run(
        Streams("events", "/events", 3, 3.0, PORT),
        Load("new", Http(), clients=2, each=20, every=0.2),
        upload(4096, 1, 6),
    )


@scene("hypercorn-websocket", servers.hypercorn)
def _(stage):
    stage.run(
        Load("conversation", WebSocket("/chat", 5), clients=3, each=4, every=1.0),
        Load("new", Http(), clients=2, each=20, every=0.2),
    )


# Not running.
def stop(stage, pid, at=1.5, seconds=1.0):
    def play():
        time.sleep(at)
        begins = time.time()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        ends = time.time()
        os.kill(pid, signal.SIGCONT)
        stage.act(act="stop", pid=pid, sender=os.getpid(), **{"from": begins, "to": ends})

    return play


@scene("uvicorn-stopped", lambda: servers.uvicorn(2))
def _(stage):
    stage.run(*healthy(kept=120, new=60), stop(stage, stage.workers()[0]))


@scene("nginx-reuseport-stopped", lambda: servers.nginx("reuseport"))
def _(stage):
    stage.run(*healthy("/small.txt", kept=120, new=60), stop(stage, stage.workers()[0]))


@scene("go-stopped", servers.go)
def _(stage):
    stage.run(*healthy(kept=120, new=60), stop(stage, stage.root))


@scene("gunicorn-sync-stopped", lambda: servers.gunicorn("-w", "2", title="sync, 2 workers"))
def _(stage):
    """A worker that serves one client at a time, and has no loop; the other one goes on."""
    stage.run(*healthy(kept=40, new=60), stop(stage, stage.workers()[0]))


@scene("uvicorn-throttled", lambda: servers.uvicorn(1))
def _(stage):
    """12 ms of each second for 4 s."""
    throttled(stage, 1000, 12)


@scene("tornado-throttled", servers.tornado)
def _(stage):
    """4 ms of each tenth of a second for 4 s: the period that containers have."""
    throttled(stage, 100, 4)


def throttled(stage, period_ms, quota_ms):
    """A quota of processor time, as containers have it."""
    group = "/sys/fs/cgroup/cpu/drover-sample"

    def throttle():
        os.makedirs(group)
        try:
            time.sleep(1.5)
            write(f"{group}/cpu.cfs_period_us", period_ms * 1000)
            write(f"{group}/cpu.cfs_quota_us", quota_ms * 1000)
            begins = time.time()
            for task in os.listdir(f"/proc/{stage.root}/task"):
                write(f"{group}/tasks", task)
            time.sleep(4)
            ends = time.time()
            for task in os.listdir(f"/proc/{stage.root}/task"):
                write("/sys/fs/cgroup/cpu/tasks", task)
            with open(f"{group}/cpu.stat") as handle:
                statistics = dict(line.split() for line in handle)
            stage.act(
                act="quota",
                pid=stage.root,
                periodMs=period_ms,
                quotaMs=quota_ms,
                throttledPeriods=int(statistics["nr_throttled"]),
                throttledMs=int(statistics["throttled_time"]) / 1e6,
                **{"from": begins, "to": ends},
            )
        finally:
            os.rmdir(group)

    stage.run(*healthy(kept=160, new=60), throttle)


def write(path, value):
    with open(path, "w") as handle:
        handle.write(str(value))


@scene("uvicorn-clock-step", lambda: servers.uvicorn(2))
def _(stage):
    """
    The tracer's clock is 30 s ahead from the middle on (`record.py` starts strace with `clock_step.c`); nothing stood
    still.
    """
    stage.run(*healthy(kept=120, new=60))
    stage.act(act="clock-step", seconds=30, at=int(stage.tracer_variables["CLOCK_STEP_AT"]))


# Reloads.
@scene("apache-event-graceful", lambda: servers.apache("event"))
def _(stage):
    """The old children stop at once, the new ones start when the parent's next second has come."""
    stage.run(*healthy("/small.txt", kept=80, new=120), signal_at(stage, signal.SIGUSR1, 2.0))


@scene("nginx-reload", servers.nginx)
def _(stage):
    stage.run(*healthy("/small.txt", kept=120, new=60), signal_at(stage, signal.SIGHUP, 2.0))


@scene("haproxy-reload", servers.haproxy)
def _(stage):
    stage.run(*healthy(kept=120, new=60), signal_at(stage, signal.SIGUSR2, 2.0))


@scene("haproxy-reload-started", servers.haproxy, attached=False)
def _(stage):
    stage.run(*healthy(kept=40, new=20), signal_at(stage, signal.SIGUSR2, 1.2))


@scene("gunicorn-sync-reload", lambda: servers.gunicorn("-w", "2", title="sync, 2 workers"))
def _(stage):
    stage.run(*healthy(kept=80, new=80), signal_at(stage, signal.SIGHUP, 1.5))


def signal_at(stage, number, seconds):
    def play():
        time.sleep(seconds)
        stage.act(act="reload", pid=stage.root, signal=signal.Signals(number).name, at=time.time())
        os.kill(stage.root, number)

    return play


# One thread is in the way of all.
@scene("thin-sleep", servers.thin)
def _(stage):
    stage.run(*healthy(kept=40, new=60), sleep_requests(stage))


@scene("tornado-sleep", servers.tornado)
def _(stage):
    stage.run(*healthy(kept=40, new=60), sleep_requests(stage))


@scene("uvicorn-child", lambda: servers.uvicorn(1))
def _(stage):
    """
    The loop waits for a program that runs for 1 s. asyncio has read what came meanwhile in one go, and then works.
    """
    stage.run(*healthy(kept=40, new=60), sleep_requests(stage, "/child"))


def sleep_requests(stage, path="/sleep"):
    """Two requests that sleep 1 s on the loop."""
    load = Load("sleep", Http(path), clients=1, each=2, every=2.3)

    def play():
        time.sleep(1.0)
        load.run()

    stage.also(load)
    return play


@scene("node-regex", servers.node)
def _(stage):
    load = Load("regex", Http("/regex"))

    def play():
        time.sleep(1.0)
        load.run()

    stage.also(load)
    stage.run(*healthy(kept=80, new=60), play)


@scene("node-pool", servers.node)
def _(stage):
    """Work on the threads of libuv's pool; the loop goes on."""
    stage.run(*healthy(kept=80, new=40), Load("pool", Http("/pool"), clients=2, each=15, every=0.3))


def of_pool(name, server, label, clients, each, act):
    """
    Requests share two connections to the service behind, which takes 0.4 s; those that find none free wait in the
    memory of the server.
    """

    def play(stage):
        begins = time.time()
        stage.run(
            Load(label, Http("/queued"), clients=clients, each=each, every=0.7),
            Load("others", Http(), clients=1, each=20, every=0.2),
        )
        if act:
            stage.act(
                act=act,
                connections=2,
                upstream="127.0.0.1:18081",
                upstreamMs=400,
                **{"from": begins, "to": time.time()},
            )

    scene(name, server)(play)


of_pool("node-connections", servers.node, "behind", clients=9, each=1, act="queue")
of_pool("node-connections-two", servers.node, "two", clients=2, each=5, act="")


# A limit inside of a server that accepts well: threads that a loop hands requests to, connections to a database.
exhausted("fastapi-exhausted", servers.fastapi, 40, 52, path="/nap")
exhausted("django-exhausted", servers.django, 1, 4, path="/nap")


def not_exhausted(name, server, clients, path="/nap"):
    """The same load with fewer clients than threads."""

    def play(stage):
        begins = time.time()
        stage.run(
            Load("behind", Http("/up"), clients=clients, each=2, every=1.5),
            Load("others", Http(path), clients=4, each=10, every=0.4),
        )
        stage.act(act="wait", upstream="127.0.0.1:18081", upstreamMs=1500, **{"from": begins, "to": time.time()})

    scene(name, server)(play)


not_exhausted("fastapi-slow", servers.fastapi, 19)
steady("django", servers.django, path="/nap", kept=80, new=40)


def of_database(name, server, clients, each, every, connections=0):
    """Requests of 0.4 s in the database; `connections`: it allows fewer than there are clients."""

    def play(stage):
        begins = time.time()
        stage.run(
            Load("behind", Http("/queued"), clients=clients, each=each, every=every),
            Load("others", Http(), clients=2, each=15, every=0.25),
        )
        if connections:
            stage.act(
                act="queue",
                connections=connections,
                upstream="127.0.0.1:18082",
                upstreamMs=400,
                **{"from": begins, "to": time.time()},
            )

    scene(name, server)(play)


of_database("fastapi-connections", lambda: servers.fastapi(True), clients=37, each=3, every=0.5, connections=15)
of_database("fastapi-connections-few", lambda: servers.fastapi(True), clients=7, each=5, every=0.7)
of_database("gthread-connections", servers.psycopg_pool, clients=13, each=4, every=0.6, connections=3)
of_database("gthread-connections-few", servers.psycopg_pool, clients=2, each=5, every=0.7)


@scene("node-dns", servers.node_with_deaf_name_server)
def _(stage):
    """Names are asked of a name server that does not answer, on threads of the pool."""
    begins = time.time()
    stage.run(*healthy(kept=80, new=40), Load("name", Http("/name"), clients=3, each=1))
    stage.act(act="deaf-name-server", server="127.0.0.9", **{"from": begins, "to": time.time()})


# Stores and queues.
def redis_loads(count=300):
    return [
        Load("set", Lines(b"SET key:1 value\r\n", b"+OK\r\n"), clients=4, each=count // 8, every=0.1, kept=True),
        Load("get", Lines(b"GET key:1\r\n", b"\r\n"), clients=4, each=count // 8, every=0.1, kept=True),
    ]


@scene("redis", servers.redis, attached=False)
def _(stage):
    stage.run(*redis_loads())


@scene("redis-aof", lambda: servers.redis("--appendonly", "yes", "--appendfsync", "always"))
def _(stage):
    """Every write is synced before its answer: many short syncs."""
    stage.run(*redis_loads())


@scene("redis-slow", lambda: servers.redis("--enable-debug-command", "yes"))
def _(stage):
    load = Load("sleep", Lines(b"DEBUG SLEEP 1\r\n", b"+OK\r\n"))

    def play():
        time.sleep(1.0)
        load.run()

    stage.also(load)
    stage.run(*redis_loads(200), play)


@scene("redis-memory", lambda: servers.redis("--maxmemory", "300kb", "--maxmemory-policy", "noeviction"))
def _(stage):
    """Redis is at its limit of memory: what would store something fails, what reads goes on."""
    begins = time.time()
    stage.run(
        Load("set", Commands(b"SET key:2 " + b"x" * 40 + b"\r\n", b"+OK\r\n"), clients=3, each=20, every=0.15),
        Load("get", Commands(b"EXISTS key:1\r\n", b"\r\n"), clients=3, each=20, every=0.15),
    )
    stage.act(act="refuse", what="command", code="-OOM", **{"from": begins, "to": time.time()})


def memcached_loads(stage):
    stage.run(
        Load("set", Lines(b"set key 0 0 5\r\nvalue\r\n", b"STORED\r\n"), clients=4, each=30, every=0.1, kept=True),
        Load("get", Lines(b"get key\r\n", b"END\r\n"), clients=4, each=30, every=0.1, kept=True),
    )


scene("memcached", servers.memcached)(memcached_loads)


@scene("memcached-stopped", servers.memcached)
def _(stage):
    """All its threads at once."""
    stage.run(
        Load("set", Lines(b"set key 0 0 5\r\nvalue\r\n", b"STORED\r\n"), clients=2, each=30, every=0.15, kept=True),
        Load("get", Lines(b"get key\r\n", b"END\r\n"), clients=4, each=30, every=0.15, kept=True),
        stop(stage, stage.root),
    )


# The same without names of descriptors: nothing tells whose its threads are.
scene("memcached-unnamed", servers.memcached)(memcached_loads)


@scene("postgresql", servers.postgresql)
def _(stage):
    """TPC-B of three clients: they wait for the one row of `branches` in turn, a few milliseconds each."""
    stage.run(Pgbench(clients=3, rate=25, seconds=5))


@scene("postgresql-row-lock", servers.postgresql)
def _(stage):
    """Another session keeps that row for 1.5 s: all three wait, and the server accepts all the same."""

    def hold():
        time.sleep(1.5)
        statement = "begin; update pgbench_branches set bbalance = bbalance where bid = 1; select pg_sleep(1.5); commit"
        begins = time.time()
        subprocess.run(["/usr/bin/psql", *servers.CLIENT, "-q", "-c", statement], check=True, capture_output=True)
        stage.connections_beside += 1
        stage.act(act="row-lock", **{"from": begins, "to": time.time()})

    stage.run(Pgbench(clients=3, rate=25, seconds=5), hold)


@scene("postgresql-sessions-unnamed", servers.postgresql_with_sessions)
def _(stage):
    """Sessions of before the tracer, without names of descriptors: they change one row, each in its turn."""
    stage.run(stage.server.sessions)


@scene("postgresql-sessions-row-lock-unnamed", servers.postgresql_with_sessions)
def _(stage):
    """One more of them changes that row and then asks nothing for 1.7 s: all others wait."""
    sessions = stage.server.sessions

    def hold():
        time.sleep(1.3)
        begins = time.time()
        sessions.holder.cursor().execute("update pgbench_branches set bbalance = bbalance where bid = 1")
        time.sleep(1.7)
        sessions.holder.commit()
        stage.act(act="row-lock", **{"from": begins, "to": time.time()})

    stage.run(sessions, hold)


@scene(
    "postgresql-refused",
    lambda: servers.postgresql(
        "-c", "max_connections=4", "-c", "superuser_reserved_connections=0", "-c", "max_wal_senders=0"
    ),
)
def _(stage):
    """Sessions that sleep in a transaction hold all slots for 2.5 s: who comes then is refused."""
    begins = time.time()

    def hold():
        statement = (
            "begin; update pgbench_branches set bbalance = bbalance where bid = -1; select pg_sleep(2.5); commit"
        )
        command = ["/usr/bin/psql", *servers.CLIENT, "-q", "-X", "-c", statement]
        holders = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]
        stage.connections_beside += len(holders)
        for holder in holders:
            holder.wait()

    stage.run(Psql("ask", clients=2, each=8, every=0.45), hold)
    stage.act(act="refuse", what="client", code="SQLSTATE 53300", **{"from": begins, "to": time.time()})


def celery_loads(stage):
    stage.run(Load("add", Tasks("tasks.add", (2, 3)), clients=2, each=15, every=0.3))


scene("celery", servers.celery)(celery_loads)
# The same without names of descriptors: nothing tells which pipe is whose, nor whose child a process is.
scene("celery-unnamed", servers.celery)(celery_loads)


def celery_stuck(stage):
    """Both children of the pool ask a service that answers after 3 s; what comes next waits."""
    begins = time.time()
    stage.run(
        Load("ask", Tasks("tasks.ask"), clients=2, each=1),
        Load("add", Tasks("tasks.add", (2, 3)), clients=2, each=8, every=0.5),
    )
    stage.act(
        act="exhaust", workers=2, upstream="127.0.0.1:18081", upstreamMs=3000, **{"from": begins, "to": time.time()}
    )


scene("celery-stuck", servers.celery)(celery_stuck)
scene("celery-stuck-unnamed", servers.celery)(celery_stuck)


@scene("sidekiq", servers.sidekiq)
def sidekiq(stage):
    stage.run(Load("job", Jobs(), clients=2, each=11, every=0.31))


@scene("sidekiq-exhausted", servers.sidekiq)
def sidekiq_exhausted(stage):
    """All three threads ask a service that answers after 1.5 s; what comes next waits."""
    begins = time.time()
    stage.run(
        Load("ask", Jobs(1500), clients=7, each=1),
        Load("job", Jobs(), clients=2, each=5, every=0.7),
    )
    stage.act(
        act="exhaust", workers=1, upstream="127.0.0.1:18081", upstreamMs=1500, **{"from": begins, "to": time.time()}
    )
