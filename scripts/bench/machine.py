"""Processes of a benchmark: started, measured and ended by their ids; ports; files; the machine's description."""

import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 180
STOP_SECONDS = 40


def target() -> pathlib.Path:
    command = ["cargo", "metadata", "--format-version=1", "--no-deps"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return pathlib.Path(json.loads(told)["target_directory"])


TARGET = target()
RELEASE = TARGET / "release"
WORK = TARGET / "bench"
LOADTEST = RELEASE / "kejing-loadtest"
SERVER = RELEASE / "kejing"


def free_port() -> int:
    """Below the range from which the kernel gives client ports, so that no client can be sitting on it."""
    for port in range(21_000 + os.getpid() % 4_000, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise SystemExit("no free port below 32000")


def cpu_us(pid: int) -> int:
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = stat.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // TICKS


def rss_anon(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) * 1024


class Process:
    """A process of ours. `with` ends it whatever happens."""

    def __init__(self, command, name, stop=signal.SIGTERM, cpus=None, **more):
        self.stop_signal = stop
        self.log = open(WORK / f"{name}.log", "w")
        restrict = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=restrict, **more
        )
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def wait_for(self, ready):
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.log.name}: ended with {self.process.returncode}: " + pathlib.Path(self.log.name).read_text()[-2000:])
            if ready():
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.log.name}: not ready within {READY_SECONDS} s")


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Kejing(Process):
    def __init__(self, data, season="seasons/bench.toml", cpus=None, database=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [SERVER, "serve", "--season", ROOT / season, "--data", data, "--listen", f"127.0.0.1:{self.port}"]
        if database:
            command += ["--database", database]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KEJING_")}
        super().__init__(command, "server", cpus=cpus, env=environment)
        self.wait_for(self.ready)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def metrics(self) -> dict:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        values = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in values}


class Echo(Process):
    """The tuned axum echo: two frames, of a verdict's and a question's size, for each message."""

    def __init__(self, cpus=None):
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        super().__init__([LOADTEST, "echo", "--listen", f"127.0.0.1:{self.port}", "--replies", "121,353"], "echo", stop=signal.SIGINT, cpus=cpus)
        self.wait_for(lambda: listens(self.port))

    def end(self):
        # Its open sockets hold a graceful end back; it has nothing to lose.
        self.process.kill()
        self.process.wait()
        self.log.close()


class NodeEcho(Echo):
    def __init__(self):
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        folder = ROOT / "benches/ws-echo"
        if not (folder / "node_modules").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
        Process.__init__(self, ["node", folder / "echo.mjs", str(self.port), "121", "353"], "node")
        self.wait_for(lambda: listens(self.port))


class Disagreed(Exception):
    """A wrong answer: the one thing that a benchmark fails for."""


def loadtest(*arguments, cpus=None) -> dict:
    """Runs the load test and returns its report."""
    report = WORK / "report.json"
    report.unlink(missing_ok=True)
    command = [str(part) for part in (LOADTEST, *arguments, "--report", report)]
    restrict = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
    with open(WORK / "loadtest.log", "w") as log:
        code = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, preexec_fn=restrict).returncode
    if code == 1:
        raise Disagreed(" ".join(command) + "\n" + (WORK / "loadtest.log").read_text()[-4000:])
    if code != 0:
        raise RuntimeError(" ".join(command) + "\n" + (WORK / "loadtest.log").read_text()[-4000:])
    return json.loads(report.read_text())


def ledger(name, participants, answers) -> pathlib.Path:
    """A ledger that is made once and kept, for as long as its season and bank stay the same: a server refuses another's."""
    folder = WORK / "ledgers" / name
    marker, made_of = folder / "filled.txt", folder / "made-of.txt"
    wanted, sources = f"{participants} participants, {answers} answers\n", digest_of_sources()
    is_there = all(file.exists() and file.read_text() == text for file, text in [(marker, wanted), (made_of, sources)])
    if not is_there:
        shutil.rmtree(folder, ignore_errors=True)
        command = [LOADTEST, "fill", "--data", folder, "--participants", participants, "--answers", answers]
        subprocess.run([str(part) for part in command], cwd=ROOT, check=True)
        made_of.write_text(sources)
    return folder


def digest_of_sources() -> str:
    """Of the season that is played and the bank that it names."""
    files = [ROOT / "seasons/bench.toml", *sorted((ROOT / "question-bank/kexue").rglob("*"))]
    whole = hashlib.sha256()
    for file in filter(pathlib.Path.is_file, files):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def copy_of(folder, name="data") -> pathlib.Path:
    to = WORK / name
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    # What was copied is on the disk before anything is measured, instead of on its way there meanwhile.
    os.sync()
    return to


def folder_bytes(folder) -> int:
    return sum(file.stat().st_size for file in pathlib.Path(folder).glob("ledger.db*"))


def describe() -> dict:
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", cpuinfo)
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit,
        "cores": os.cpu_count(),
        "processor": model.group(1) if model else platform.machine(),
        "memory_gib": round(memory / 1024 / 1024),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 1),
    }
