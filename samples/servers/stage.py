"""One recording: the server is started, traced, loaded, and ended by pid; what was seen from outside becomes
truth.json."""

import glob
import gzip
import os
import platform
import pwd
import shutil
import signal
import subprocess
import threading
import time

from assemble_truth import to_text
from loads import Upstream

RUN_DIR = "/srv/drover-sample"
PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UPSTREAM_PORT = 18081
OPTIONS = ["-f", "-ttt", "-T", "-y", "-s", "128"]
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": RUN_DIR}


class Stage:
    """
    `with Stage(server, attached) as stage`: inside, the server answers and is traced. `run(loads…, acts…)` puts load on
    it; `keep(folder)` writes what was recorded.
    """

    def __init__(self, scene, server, attached, tracer_environment=dict, options=OPTIONS):
        self.scene, self.server, self.attached, self._options = scene, server, attached, options
        self._tracer_environment = tracer_environment
        self.tracer_variables = {}
        self._loads, self.acts, self._started, self.connections_beside = [], [], [], 0
        self.family, self.root, self._tracer = {}, 0, None
        self._over = threading.Event()

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self._end_all()
            raise
        return self

    def __exit__(self, kind, *_):
        self._end_all(quietly=kind is not None)

    def _begin(self):
        self.load_before = os.getloadavg()[0]
        self._upstream = Upstream(UPSTREAM_PORT)
        self.server.prepare()
        self._log = open("server.log", "wb")
        command = [*([] if self.attached else ["strace", *self._options, "-o", "trace.strace"]), *self.server.command]
        first = self._start(command, environment={**CLEAN, **self.server.environment})
        if self.attached:
            self.root = first.pid
        else:
            self._tracer = first
            # strace starts and ends a child of its own first; the first traced line names the server.
            self.root = int(wait_for("the first line", lambda: self._trace_lines(1)).split()[0])
        wait_for("the server to listen", lambda: self.server.is_ready(self))
        time.sleep(self.server.settle_seconds)
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        if self.attached:
            self.server.warm_up()
            time.sleep(0.7)
            self._attach()
        self.begins = time.time()
        time.sleep(0.4)

    def _start(self, command, environment=CLEAN):
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._started.append(process)
        give_way_to(process.pid)
        return process

    def _trace_lines(self, least):
        if not os.path.exists("trace.strace"):
            return ""
        with open("trace.strace") as handle:
            text = handle.read(4096)
        return text if text.count("\n") >= least else ""

    def _attach(self):
        pids = family_of(self.root)
        command = ["strace", *self._options, "-o", "trace.strace", *(word for pid in pids for word in ("-p", str(pid)))]
        self.tracer_variables = self._tracer_environment()
        self._tracer = self._start(command, {**CLEAN, **self.tracer_variables})
        wait_for("strace to attach", lambda: all(self._is_traced(pid) for pid in pids))
        time.sleep(0.5)

    def _is_traced(self, pid):
        word = f"TracerPid:\t{self._tracer.pid}\n"
        return all(word in read_text(path) for path in glob.glob(f"/proc/{pid}/task/*/status"))

    def _watch(self):
        while not self._over.wait(0.1):
            now = time.time()
            for pid in family_of(self.root):
                seen = self.family.setdefault(
                    pid, {"pid": pid, "parent": 0, "tids": [], "command": "", "from": now, "to": now}
                )
                seen["parent"] = parent_of(pid) or seen["parent"]
                seen["tids"] = sorted({*seen["tids"], *threads_of(pid)})
                seen["command"] = read_text(f"/proc/{pid}/cmdline").replace("\0", " ").strip()[:200] or seen["command"]
                seen["to"] = now

    def run(self, *loads):
        """
        Puts all loads on the server at once; what is a function of no arguments is an act of somebody else's meanwhile.
        """
        self._loads += [load for load in loads if hasattr(load, "truth")]
        threads = [threading.Thread(target=getattr(load, "run", load)) for load in loads]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def also(self, load):
        """A load that an act runs, later than the others."""
        self._loads.append(load)

    def act(self, **fields):
        """What was done to the server, by the clock of who did it."""
        self.acts.append(fields)

    def workers(self):
        return self.server.workers(self.root, [seen for seen in self.family.values() if seen["to"] >= self.begins])

    def _end_all(self, quietly=True):
        self.ends = time.time()
        time.sleep(0.4)
        self._over.set()
        if self.attached and self._tracer is not None:
            self._tracer.send_signal(signal.SIGINT)
            self._tracer.wait(20)
        if self.root and not quietly:
            self.load_after = os.getloadavg()[0]
            try:
                os.kill(self.root, self.server.stop_signal)
            except ProcessLookupError:
                pass
        wait_quietly(self._started[:1], 8)
        for process in self._started:
            # Each is the leader of a session that it has for itself.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        for pid in [*self.family]:
            # A process that made a session of its own, and is still the same one: it runs in our folder.
            try:
                if os.readlink(f"/proc/{pid}/cwd").startswith(RUN_DIR):
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.server.clean_up()
        self._upstream.close()

    def keep(self, folder):
        truth = self._truth()
        os.makedirs(folder, exist_ok=True)
        with open("trace.strace", "rb") as handle:
            trace = handle.read()
        # Where the project stands, and where whoever records is at home, is nobody else's business.
        for place in (PROJECT, pwd.getpwuid(os.getuid()).pw_dir):
            word = f"{place}/".encode()
            if word in trace:
                line = next(line for line in trace.split(b"\n") if word in line)
                raise SystemExit(f"the capture holds a path of this machine: {line!r}")
        with open(f"{folder}/trace.strace.gz", "wb") as handle, gzip.GzipFile("", "wb", 9, handle, 0) as packed:
            packed.write(trace)
        with open(f"{folder}/truth.json", "w") as handle:
            handle.write(to_text(truth))
        size = os.path.getsize(f"{folder}/trace.strace.gz")
        lines = trace.count(b"\n")
        print(
            f"   {lines} lines, {size} bytes, {truth['requests']} requests, slowest {truth['slowestMs']} ms", flush=True
        )
        for load in truth["load"]:
            times = f"p50 {load['p50Ms']}, p99 {load['p99Ms']}, slowest {load['slowestMs']} ms"
            print(f"   {load['label']}: {load['outcomes']}, {times}")

    def _truth(self):
        loads = [load.truth() for load in self._loads]
        processes = [seen for seen in self.family.values() if seen["to"] >= self.begins]
        return {
            "scene": self.scene,
            "server": self.server.title,
            "command": " ".join(self.server.command),
            "recording": {
                "capture": "attached" if self.attached else "started",
                "options": " ".join(self._options),
                "strace": first_line(["strace", "-V"]).split()[-1],
                "kernel": platform.release().split("-")[0],
                "cpus": os.cpu_count(),
                "loadAverage": [self.load_before, self.load_after],
            },
            "window": {"from": self.begins, "to": self.ends},
            "requests": sum(load["requests"] for load in loads),
            "connections": sum(load["connections"] for load in loads) + self.connections_beside,
            "left": sum(load["outcomes"].get("left", 0) for load in loads),
            "slowestMs": max((load["slowestMs"] for load in loads), default=0),
            "workers": sorted(self.workers()),
            "acts": self.acts,
            "upstreamWaits": self._upstream.waits,
            "processes": processes,
            "load": loads,
            **self.server.more_truth(),
        }


def family_of(pid):
    """The process and all below it, as /proc has them now."""
    children = read_text(f"/proc/{pid}/task/{pid}/children").split()
    # Threads fork too.
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        children += [word for word in read_text(path).split() if word not in children]
    return [pid, *(member for child in children for member in family_of(int(child)))]


def threads_of(pid):
    try:
        return [int(word) for word in os.listdir(f"/proc/{pid}/task")]
    except (FileNotFoundError, ProcessLookupError):
        return []


def parent_of(pid):
    return int((read_text(f"/proc/{pid}/stat").rpartition(")")[2].split() or ["", "0"])[1])


def read_text(path):
    try:
        with open(path) as handle:
            return handle.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def give_way_to(pid):
    """
    Sessions share the processors by themselves, whatever is nice inside: this one goes first, so that waits are the
    server's own.
    """
    path = f"/proc/{pid}/autogroup"
    if os.path.exists(path):
        with open(path, "w") as handle:
            handle.write("-15")


def first_line(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]


def is_listening(port):
    """Asks the kernel, so that no connection is spent on asking."""
    word = f":{port:04X} "
    tables = read_text("/proc/net/tcp") + read_text("/proc/net/tcp6")
    return any(word in line and " 0A " in line for line in tables.split("\n"))


def wait_for(what, condition, seconds=40):
    until = time.time() + seconds
    while time.time() < until:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    print(read_text("server.log")[-2000:])
    raise SystemExit(f"gave up waiting for {what}")


def wait_quietly(processes, seconds):
    for process in processes:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass


def fresh_run_dir(source):
    """An empty run directory with the applications and configurations in it."""
    shutil.rmtree(RUN_DIR, ignore_errors=True)
    os.makedirs(RUN_DIR)
    os.chdir(RUN_DIR)
    for path in [*glob.glob(f"{source}/apps/*"), *glob.glob(f"{source}/conf/*")]:
        if os.path.isfile(path):
            shutil.copy(path, RUN_DIR)
    for name, size in (("small.txt", 1021), ("mid.bin", 65521), ("big.bin", 1048573)):
        with open(name, "wb") as handle:
            handle.write(b"abcdefghijklmnopqrstuvwxyz\n" * (size // 27 + 1))
