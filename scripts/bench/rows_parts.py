"""The rows about parts: one board beside Redis, the pure functions, the play page in a slow phone's browser."""

import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess

from machine import ROOT, TARGET, WORK, Kejing, Process, cpu_us, rss_anon
from tables import median, ratios, spread, table, verdict

ENTRIES = 5_000_000
UPDATES = 200_000
PIPELINED = 1_000


class Redis(Process):
    """A Redis of our own, on a socket in the bench's folder, that keeps nothing on the disk."""

    def __init__(self):
        if shutil.which("redis-server") is None:
            raise RuntimeError("redis-server is not there: scripts/needs.sh bench installs it")
        self.path = WORK / "redis.sock"
        self.path.unlink(missing_ok=True)
        command = ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no", "--dir", WORK]
        super().__init__(command, "redis")
        self.wait_for(self.path.exists)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(self.path))
        self.answers = self.socket.makefile("rb", 1 << 20)

    def version(self):
        return re.search(r"v=([\d.]+)", subprocess.run(["redis-server", "--version"], capture_output=True, text=True).stdout).group(1)

    def batch(self, commands, replies):
        """Sends commands together, and reads as many answers; every answer of these commands is one line."""
        self.socket.sendall(b"".join(commands))
        return [self.answers.readline() for _ in range(replies)]

    def end(self):
        self.socket.close()
        super().end()
        self.path.unlink(missing_ok=True)


def command(*words) -> bytes:
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def standing(draw) -> int:
    """Score, then the less time the better, in one whole number that a double holds; one in a hundred is tied."""
    if draw.random() < 0.01:
        return 1000 << 29
    return (draw.randrange(101) * 10 << 29) - draw.randrange(500_000_000)


class Zset:
    def __init__(self, redis):
        self.redis, self.draw = redis, random.Random(7)
        for first in range(0, ENTRIES, 10_000):
            members = [word for who in range(first, first + 10_000) for word in (standing(self.draw), b"%09d" % who)]
            redis.batch([command("ZADD", "board", *members)], 1)
        self.bytes_each = int(redis.batch([command("MEMORY", "USAGE", "board", "SAMPLES", "0")], 1)[0][1:]) / ENTRIES

    def sample_us(self) -> float:
        """CPU of Redis for one ZADD with its ZREVRANK."""
        rounds = []
        for _ in range(UPDATES // PIPELINED):
            commands = []
            for _ in range(PIPELINED):
                who = b"%09d" % self.draw.randrange(ENTRIES)
                commands.append(command("ZADD", "board", standing(self.draw), who) + command("ZREVRANK", "board", who))
            rounds.append(commands)
        before = cpu_us(self.redis.pid)
        for commands in rounds:
            answers = self.redis.batch(commands, 2 * PIPELINED)
            if any(not answer.startswith(b":") for answer in answers):
                raise RuntimeError(f"Redis said {answers[:3]}")
        return (cpu_us(self.redis.pid) - before) / UPDATES


def board(run):
    ours, zset = [], []
    build = ["cargo", "bench", "--locked", "--quiet", "--bench", "board", "--", "--in-turns", str(ENTRIES)]
    with Redis() as redis, subprocess.Popen(build, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bench:
        reference = Zset(redis)
        for _ in run.each("board"):
            bench.stdin.write("go\n")
            bench.stdin.flush()
            ours.append(json.loads(bench.stdout.readline()))
            zset.append(reference.sample_us())
        bench.stdin.close()
        version = redis.version()
    update, size = [of["update_and_rank_us"] for of in ours], [of["bytes_an_entry"] for of in ours]
    times = ratios(zset, update)
    rows = [
        ["update + exact rank, µs of CPU", spread(update), spread(zset), "≤ 1.0", verdict(median(update) <= 1.0)],
        ["bytes an entry", spread(size), f"{reference.bytes_each:.0f}", "≤ 16", verdict(median(size) <= 16)],
        ["Redis' CPU ÷ ours", spread(times), "", "≥ 10", verdict(median(times) >= 10)],
    ]
    body = table([f"{ENTRIES:,} entries, 1% tied on score and time", "Kejing, one thread", f"Redis {version}, ZADD + ZREVRANK by {PIPELINED:,}", "goal", ""], rows)
    return body, {"kejing": ours, "redis_us": zset, "redis_bytes": reference.bytes_each}


def pure(run):
    """Criterion keeps its own samples: one run of it is a hundred."""
    with open(WORK / "pure.log", "w") as log:
        subprocess.run(["cargo", "bench", "--locked", "--bench", "pure"], cwd=ROOT, check=True, stdout=log, stderr=log)
    found = {}
    for path in sorted((TARGET / "criterion").glob("*/new/estimates.json")):
        estimate = json.loads(path.read_text())["median"]
        interval = estimate["confidence_interval"]
        found[path.parent.parent.name] = [estimate["point_estimate"], interval["lower_bound"], interval["upper_bound"]]
    rows = [[name, f"{point:,.0f}", f"{low:,.0f}–{high:,.0f}"] for name, (point, low, high) in found.items()]
    return table(["`cargo bench --bench pure`", "median, ns", "95% of the estimate"], rows), found


def page(run):
    browser = ROOT / "tests/browser"
    if not (browser / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=browser, check=True)
    sizes = subprocess.run(["node", "scripts/size.mjs"], cwd=ROOT / "web", capture_output=True, text=True).stdout
    size = float(re.search(r"index\.html: ([\d.]+) KB", sizes).group(1))
    found = []
    shutil.rmtree(WORK / "data", ignore_errors=True)
    with Kejing(WORK / "data", season="seasons/demo.toml") as server:
        environment = os.environ | {"KEJING_URL": server.url}
        for _ in run.each("page"):
            told = subprocess.run(["node", ROOT / "benches/page/measure.mjs"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
            found.append(json.loads(told.stdout))
    interactive = [of["interactive_ms"] for of in found]
    rows = [
        ["script and style at first load, KB gzip", f"{size:.1f}", "≤ 60", verdict(size <= 60)],
        ["interactive, ms", spread(interactive), "≤ 2,000", verdict(median(interactive) <= 2000)],
        ["first paint, ms", spread([of["first_paint_ms"] for of in found]), "", ""],
        ["bytes over the wire, all in all", spread([of["bytes"] for of in found]), "", ""],
    ]
    heading = "play page, 360 × 740, CPU slowed down 4×, 1.6 Mbit/s, 150 ms"
    return table([heading, "measured", "goal", ""], rows), {"gzip_kb": size, "runs": found}
