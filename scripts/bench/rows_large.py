"""The rows about size: memory of the seated, boards of a million, restarts and growth on large ledgers, bytes on the disk."""

import contextlib
import os
import shutil
import subprocess
import sys
import time

import tables
from machine import ROOT, SERVER, WORK, Echo, Kejing, copy_of, folder_bytes, ledger, loadtest, rss_anon
from postgres import Cluster
from rows_answers import column, contest, cpu, drive, registered_on, seats
from tables import median, spread, table, verdict

# The first hundred warm up what all share: caches, prepared statements, what threads lend.
STEPS = [100, 1_000, 5_000, 10_000, 19_000]
MILLION = ("million", 1_000_000, 10_000_000)
SIZES = [("thousand", 1_000, 100_000), ("hundred-thousand", 100_000, 10_000_000), ("million-100m", 1_000_000, 100_000_000)]


def million(run):
    return ("tenth-of-a-million", 100_000, 1_000_000) if run.short else MILLION


def sizes(run):
    """A trial makes seasons a hundredth as large."""
    return [(f"{name}-trial", max(1_000, people // 100), answers // 100) for name, people, answers in SIZES] if run.short else SIZES


def memory(run):
    ours, echoes = {step: [] for step in STEPS}, []
    for _ in run.each("memory"):
        shutil.rmtree(WORK / "data", ignore_errors=True)
        with Kejing(WORK / "data", season="seasons/bench-seated.toml") as server:
            arguments = ["sit", "--url", server.url, "--participants", STEPS[-1], "--steps", ",".join(map(str, STEPS)), "--server-pid", server.pid, "--bank", ROOT / "question-bank/kexue"]
            for step in loadtest(*arguments):
                ours[step["seated"]].append(step["rss_anon_each"])
        with Echo() as server:
            empty = rss_anon(server.pid)
            report = drive(server, STEPS[-1], 2, "--rate", 10_000)
            echoes.append((report["server_rss_anon_bytes"] - empty) / STEPS[-1])
    totals = {step: [each * step for each in values] for step, values in ours.items()}
    later = {step: slopes(totals, before, step) for before, step in zip(STEPS, STEPS[1:])}
    all_later = slopes(totals, STEPS[1], STEPS[-1])
    fixed = [total - STEPS[1] * slope for total, slope in zip(totals[STEPS[1]], all_later)]
    rows = []
    for step in STEPS:
        since, whole = later.get(step), median(ours[step]) <= 3072 if step == STEPS[-1] else None
        rows.append([f"{step:,}", spread([total / 1e6 for total in totals[step]]), spread(since or []), spread(ours[step]), "≤ 3,072" if whole is not None else "", verdict(whole)])
    rows.append([f"tuned axum echo, {STEPS[-1]:,} connections", "", "", spread(echoes), "", ""])
    flat = max(median(later[step]) for step in STEPS[2:]) <= 3072
    goals = [
        [f"a seat, from {STEPS[1]:,} to {STEPS[-1]:,}, bytes", spread(all_later), "≤ 3,072 at each step", verdict(flat)],
        ["what all share, MB", spread([value / 1e6 for value in fixed]), "", ""],
    ]
    points = [(f"{step:,}", later[step]) for step in STEPS[2:]]
    tables.chart("memory", "A further seated participant's memory", "bytes", points, goal=3072)
    body = "\n\n".join([
        table(["seated", "MB above the empty server", "bytes each further one", "all of it ÷ seated", "goal", ""], rows),
        table(["", "measured", "goal", ""], goals),
        "![Memory of each further participant by the number seated](benchmarks/memory.svg)",
    ])
    return body, {"kejing": ours, "echo": echoes}


def slopes(totals, few, many):
    """Bytes of each of those who came between, run by run."""
    return [(after - before) / (many - few) for before, after in zip(totals[few], totals[many])]


def restart(run):
    folder = ledger(*million(run))
    reports = []
    for _ in run.each("restart"):
        arguments = ["restart", "--server", SERVER, "--season", ROOT / "seasons/bench.toml", "--data", folder, "--server-log", WORK / "server.log"]
        reports.append(loadtest(*arguments, "--tokens", folder / "tokens.txt"))
    ready = column(reports, "ready_ms")
    rows = [
        ["kill -9 → `/readyz` 200, ms", spread(ready), "≤ 3,000", verdict(median(ready) <= 3000)],
        ["players whose last acknowledged answer is not there", spread(column(reports, "lost")), "0", verdict(max(column(reports, "lost")) == 0)],
        ["of players checked", spread(column(reports, "checked")), "", ""],
        ["answers acknowledged before the kill", spread(column(reports, "acknowledged")), "", ""],
        ["memory after the start, MiB", spread([value / 2**20 for value in column(reports, "rss_bytes")]), "", ""],
        ["the ledger, MiB", spread([value / 2**20 for value in column(reports, "ledger_bytes")]), "", ""],
    ]
    return table(["1 million participants, 10 million answers", "measured", "goal", ""], rows), reports


def boards(run):
    folder = ledger(*million(run))
    found = []
    for _ in run.each("boards"):
        with Kejing(folder) as server:
            found.append({"boards_bytes": server.metrics()["kejing_boards_bytes"], "rss_anon_bytes": rss_anon(server.pid)})
    megabytes = [value / 1e6 for value in column(found, "boards_bytes")]
    rows = [
        ["boards, standings and tallies on the heap, MB", spread(megabytes), "≤ 200", verdict(median(megabytes) <= 200)],
        ["the whole server, MB", spread([value / 1e6 for value in column(found, "rss_anon_bytes")]), "", ""],
    ]
    return table(["1 million participants in all their scopes; season and one round", "measured", "goal", ""], rows), found


def growth(run):
    made = sizes(run)
    found = {name: [] for name, *_ in made}
    folders = [ledger(*size) for size in made]
    # All three at once, each in its turn: what the machine does meanwhile meets all alike.
    with contextlib.ExitStack() as running:
        servers = [running.enter_context(Kejing(folder)) for folder in folders]
        for _ in run.each("growth"):
            for (name, *_), folder, server in zip(made, folders, servers):
                arguments = ["drive", "--url", server.url, "--connections", 1_000, "--duration", run.seconds(6), "--server-pid", server.pid]
                found[name].append(loadtest(*arguments, "--warm", 2, "--tokens", folder / "tokens.txt"))
        memory = [rss_anon(server.pid) for server in servers]
    least = median(cpu(found[made[0][0]]))
    rows = []
    for (name, participants, answers), bytes_used in zip(made, memory):
        ratio = median(cpu(found[name])) / least
        rows.append([f"{participants:,}", f"{answers:,}", spread(cpu(found[name])), f"{ratio:.2f}", spread(column(found[name], "answers_per_second")), f"{bytes_used / 2**20:,.0f}"])
    most = max(median(cpu(of)) for of in found.values()) / least
    tables.chart("growth", "CPU of an answer as the season grows", "µs", [(f"{p:,} / {a:,}", cpu(found[name])) for name, p, a in made], goal=least * 1.15)
    body = "\n\n".join([
        table(["participants", "answers in the ledger", "server CPU an answer, µs", "÷ the smallest", "answers a second", "memory, MiB"], rows),
        table(["", "measured", "goal", ""], [["the dearest ÷ the smallest season", f"{most:.2f}", "≤ 1.15", verdict(most <= 1.15)]]),
        "1,000 players in closed loop on each, the three servers in turn.\n\n![CPU of an answer by size](benchmarks/growth.svg)",
    ])
    return body, {"runs": found, "rss_anon_bytes": memory}


def disk(run):
    lite, pg = [], []
    with Kejing(copy_of(seats())):
        pass
    before = folder_bytes(WORK / "data")
    for _ in run.each("disk"):
        report = contest(2_000, run.seconds(4))
        lite.append((report["ledger_bytes"] - before) / report["acknowledged"])
    rows = [["SQLite", spread(lite), "≤ 40", verdict(median(lite) <= 40)]]
    try:
        with Cluster() as cluster:
            for _ in run.each("disk on PostgreSQL"):
                report = registered_on(cluster, run.seconds(4), players=2_000)
                pg.append(report["ledger_bytes"] / report["acknowledged"])
        rows.append(["PostgreSQL", spread(pg), "≤ 100", verdict(median(pg) <= 100)])
    except (RuntimeError, subprocess.CalledProcessError) as error:
        # The half that can be measured here is kept.
        print(f"disk: PostgreSQL was not measured: {error}", file=sys.stderr, flush=True)
        rows.append(["PostgreSQL", "not measured", "≤ 100", ""])
    body = table(["starts, results and indexes included", "bytes an answer", "goal", ""], rows)
    return body, {"sqlite": lite, "postgres": pg}


def fdatasync(run):
    plain, commits = [], []
    for _ in run.each("fdatasync"):
        plain.append(plain_fdatasync())
        commits.append(contest(2_000, run.seconds(5), "--rate", 5_000))
    p50, p99 = [of["p50_ms"] for of in plain], [of["p99_ms"] for of in plain]
    mean = [of["mean_ms"] for of in plain]
    rows = [
        ["plain `fdatasync` of 4 KiB: mean, p50, p99, ms", f"{spread(mean)}, {spread(p50)}, {spread(p99)}"],
        ["a commit of Kejing's at 5,000 answers a second: mean, ms", spread(column(commits, "commit", "mean_ms"))],
        ["entries in it", spread(column(commits, "commit", "mean_entries"))],
    ]
    return table(["the same disk", "measured"], rows), {"plain": plain, "kejing": commits}


def plain_fdatasync(times=1_000):
    path = WORK / "fdatasync"
    block, took = os.urandom(4096), []
    with open(path, "wb", buffering=0) as file:
        for _ in range(times):
            begun = time.perf_counter()
            file.write(block)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    path.unlink()
    took.sort()
    return {"mean_ms": sum(took) / times, "p50_ms": took[times // 2], "p99_ms": took[times * 99 // 100]}
