"""The row about the desk: a file of 50,000 questions, from its being sent to its preview, and from the confirmation to all of it in the bank."""

import re
import shutil
import statistics
import sys
import threading
import time
import urllib.error

import questions
from machine import ROOT, WORK, Disagreed, Kejing, cpu_us
from tables import median, spread, table, verdict

sys.path.append(str(ROOT / "scripts"))
import desk  # noqa: E402

ROWS = 50_000
GOAL_SECONDS = 10
# As often as the page looks.
LOOK_SECONDS = 0.6
# Somebody else mends a row of their own so often meanwhile.
ACT_SECONDS = 0.1
PATIENCE_SECONDS = 300


class Desk:
    def __init__(self, server):
        self.base = f"{server.url}/api/desk/v1"
        # It is ready before it says so.
        link = lambda: re.search(r"/desk#/setup/(\S+)\n", (WORK / "server.log").read_text())
        server.wait_for(link)
        self.headers = desk.administrator(self.base, link().group(1))
        for bank in ("tiku", "other"):
            self.ask("POST", "/banks", {"id": bank, "name": bank, "reviews": 1})

    def ask(self, method, path, body=None):
        return desk.ask(self.base, method, path, body, self.headers)[0]

    def sent(self, bank, file):
        return self.ask("POST", f"/banks/{bank}/imports?name=a.xlsx", file)["id"]

    def settled(self, path):
        """The import at rest, and after how many seconds each tenth of the way was told."""
        begun, told = time.monotonic(), []
        while True:
            seen = self.ask("GET", path)
            told.append((round(time.monotonic() - begun, 2), seen["progress"]))
            if seen["state"] not in ("reading", "saving"):
                return seen, told
            if told[-1][0] > PATIENCE_SECONDS:
                raise RuntimeError(f"not done after {PATIENCE_SECONDS} s: {seen}")
            time.sleep(LOOK_SECONDS)


class Beside:
    """Somebody else's act every so often; how long each waited, in seconds."""

    def __init__(self, desk, row):
        self.desk, self.row, self.waited, self.over = desk, row, [], threading.Event()
        self.thread = threading.Thread(target=self.act)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def act(self):
        left_out = False
        while not self.over.wait(ACT_SECONDS):
            left_out, begun = not left_out, time.monotonic()
            try:
                self.desk.ask("PATCH", self.row, {"skip": left_out})
            except urllib.error.HTTPError as refused:
                # Told after ten seconds that the desk is busy: it waited for so long, and had to come again.
                print(f"an act beside was refused: {refused.read()[:200]}", file=sys.stderr)
            self.waited.append(time.monotonic() - begun)


def imported(file, rows, database=None):
    """Of one file in one fresh desk."""
    data = WORK / "data"
    shutil.rmtree(data, ignore_errors=True)
    with Kejing(data, database=database) as server:
        office = Desk(server)
        small = office.sent("other", questions.workbook(2))
        office.settled(f"/imports/{small}")
        found = {}
        for name in ("read", "saved"):
            with Beside(office, f"/imports/{small}/rows/1") as beside:
                begun, cpu_before = time.monotonic(), cpu_us(server.pid)
                if name == "read":
                    path = f"/imports/{office.sent('tiku', file)}"
                else:
                    office.ask("POST", f"{path}/confirm", {"rows": "ready"})
                seen, told = office.settled(path)
                found[f"{name}_s"] = time.monotonic() - begun
                found[f"{name}_cpu_s"] = (cpu_us(server.pid) - cpu_before) / 1e6
            found[f"{name}_told"] = told
            found[f"{name}_longest_wait_ms"] = max(beside.waited, default=0) * 1000
            found[f"{name}_median_wait_ms"] = statistics.median(beside.waited or [0]) * 1000
            if name == "read":
                counts = found["counts"] = seen["counts"]
                if seen["state"] != "preview" or sum(counts[of] for of in ("ready", "to_check", "refused")) != rows:
                    raise Disagreed(f"{rows} rows were sent: {seen}")
        if seen["counts"]["saved"] != counts["ready"]:
            raise Disagreed(f"{counts['ready']} rows were ready: {seen}")
    return found


def imports(run):
    from postgres import Cluster

    rows = ROWS // 10 if run.short else ROWS
    file = questions.workbook(rows)
    found = {"SQLite": [], "PostgreSQL": []}
    with Cluster() as cluster:
        for _ in run.each("imports"):
            found["SQLite"].append(imported(file, rows))
            with cluster.database() as url:
                found["PostgreSQL"].append(imported(file, rows, database=url))
    of = lambda name: [[one[name] for one in runs] for runs in found.values()]
    lines = []
    for name, what in (("read", "sent → preview, with its near-duplicates, s"), ("saved", "confirmed → all that was ready is in the bank, s")):
        met = max(median(values) for values in of(f"{name}_s")) <= GOAL_SECONDS
        lines.append([what, *map(spread, of(f"{name}_s")), f"≤ {GOAL_SECONDS}", verdict(met)])
        lines.append(["an act of somebody else's meanwhile, longest wait, ms", *map(spread, of(f"{name}_longest_wait_ms")), "", ""])
    counts = found["SQLite"][0]["counts"]
    told = f"{len(file) / 1e6:.1f} MB of .xlsx; {counts['ready']:,} rows ready, {counts['to_check']:,} to check, {counts['refused']:,} refused, {counts['same']:,} there already."
    return table([f"{rows:,} rows", *found, "goal", ""], lines) + "\n\n" + told, found
