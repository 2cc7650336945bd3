"""The rows that play: what an answer costs, at full speed and at a set rate, on both databases; bursts; overload; one message to all."""

import tables
from machine import WORK, Echo, Kejing, NodeEcho, copy_of, folder_bytes, ledger, loadtest
from tables import median, ratios, spread, table, verdict

SEATS = 19_000
PLAYERS = 10_000
RATE = 20_000


def seats():
    """Participants who are registered and have not played."""
    return ledger("seats", SEATS, 0)


def tokens():
    return ["--tokens", seats() / "tokens.txt"]


def drive(server, connections, seconds, *more):
    arguments = ["drive", "--url", server.url, "--connections", connections, "--duration", seconds, "--server-pid", server.pid, *more]
    if isinstance(server, Echo):
        return loadtest(*arguments, "--echo", "--replies", 2)
    return loadtest(*arguments, *tokens())


def contest(connections, seconds, *more, database=None):
    data = copy_of(seats())
    with Kejing(data, database=database) as server:
        report = drive(server, connections, seconds, *more)
    report["ledger_bytes"] = folder_bytes(data)
    return report


def echo(connections, seconds, *more, kind=Echo):
    with kind() as server:
        return drive(server, connections, seconds, *more)


def column(reports, *path):
    values = []
    for report in reports:
        for name in path:
            report = report[name] if report is not None else None
        values.append(report)
    return values


def cpu(reports):
    return column(reports, "server_cpu_us_per_answer")


def rate(reports):
    return column(reports, "answers_per_second")


def ms(reports, percentile, of="answer_to_verdict"):
    return [value / 1000 for value in column(reports, of, percentile)]


def latency(reports, of="answer_to_verdict"):
    return f"{spread(ms(reports, 'p50_us', of))} / {spread(ms(reports, 'p99_us', of))}"


def client(reports):
    return column(reports, "client_cpu_us_per_answer")


def answer(run):
    ours, echoes, nodes = [], [], []
    for _ in run.each("answer"):
        ours.append(contest(PLAYERS, run.seconds(8), "--warm", 3))
        echoes.append(echo(PLAYERS, run.seconds(8), "--warm", 3))
        nodes.append(echo(PLAYERS, run.seconds(8), "--warm", 3, kind=NodeEcho))
    dear, speed = ratios(cpu(ours), cpu(echoes)), ratios(rate(ours), rate(echoes))
    against_node = ratios(cpu(ours), cpu(nodes))
    rows = [
        ["server CPU a message, µs", spread(cpu(ours)), spread(cpu(echoes)), spread(cpu(nodes))],
        ["messages a second", spread(rate(ours)), spread(rate(echoes)), spread(rate(nodes))],
        ["p50 / p99, ms", latency(ours), latency(echoes), latency(nodes)],
        ["client CPU a message, µs", spread(client(ours)), spread(client(echoes)), spread(client(nodes))],
    ]
    goals = [
        ["server CPU ÷ echo's", spread(dear), "≤ 1.3", verdict(median(dear) <= 1.3)],
        ["server CPU ÷ Node.js's", spread(against_node), "< 1", verdict(median(against_node) < 1)],
        ["durable answers a second ÷ echo's", spread(speed), "≥ 0.85", verdict(median(speed) >= 0.85)],
    ]
    sizes = f"verdict {median(column(ours, 'mean_verdict_bytes')):.0f} bytes, question {median(column(ours, 'mean_question_bytes')):.0f} bytes"
    body = "\n\n".join([
        table(["", "Kejing, SQLite", "axum echo, tuned", "Node.js `ws`"], rows),
        table(["", "measured", "goal", ""], goals),
        f"{PLAYERS:,} players in closed loop; Kejing's frames as they were: {sizes}; the echoes send 121 and 353.",
    ])
    return body, {"kejing": ours, "echo": echoes, "node": nodes}


def at_rate(run):
    ours, echoes = [], []
    for _ in run.each("rate"):
        # All come and start at once: the rate is what follows.
        ours.append(contest(PLAYERS, run.seconds(10), "--warm", 3, "--rate", RATE))
        echoes.append(echo(PLAYERS, run.seconds(10), "--warm", 3, "--rate", RATE))
    rows = [
        ["p50, ms", spread(ms(ours, "p50_us")), spread(ms(echoes, "p50_us")), "≤ 2", verdict(median(ms(ours, "p50_us")) <= 2)],
        ["p99, ms", spread(ms(ours, "p99_us")), spread(ms(echoes, "p99_us")), "≤ 7", verdict(median(ms(ours, "p99_us")) <= 7)],
        ["server CPU an answer, µs", spread(cpu(ours)), spread(cpu(echoes)), "≤ 20", verdict(median(cpu(ours)) <= 20)],
        ["answers a second", spread(rate(ours)), spread(rate(echoes)), f"{RATE:,}", ""],
        ["client CPU an answer, µs", spread(client(ours)), spread(client(echoes)), "", ""],
        ["entries a commit", spread(column(ours, "commit", "mean_entries")), "", "", ""],
        ["a commit, ms", spread(column(ours, "commit", "mean_ms")), "", "", ""],
    ]
    body = table(["", "Kejing, SQLite", "axum echo", "goal", ""], rows)
    return body, {"kejing": ours, "echo": echoes}


def postgres(run):
    from postgres import Cluster

    with Cluster() as cluster:
        kinds = {"closed loop": [], f"{RATE:,}/s": ["--rate", RATE]}
        found = {name: {"sqlite": [], "postgres": []} for name in kinds}
        for _ in run.each("postgres"):
            for name, more in kinds.items():
                found[name]["sqlite"].append(contest(PLAYERS, run.seconds(6), "--warm", 3, *more))
                found[name]["postgres"].append(registered_on(cluster, run.seconds(6), "--warm", 3, *more))
    rows, goals = [], []
    for name, of in found.items():
        lite, pg = of["sqlite"], of["postgres"]
        rows += [
            [f"{name}: CPU of Kejing's process an answer, µs", spread(cpu(lite)), spread(cpu(pg))],
            [f"{name}: answers a second", spread(rate(lite)), spread(rate(pg))],
            [f"{name}: p50 / p99, ms", latency(lite), latency(pg)],
        ]
        ratio = ratios(cpu(pg), cpu(lite))
        goals.append([f"{name}: Kejing's CPU ÷ SQLite's", spread(ratio), "≤ 1.1", verdict(median(ratio) <= 1.1)])
    body = table(["", "SQLite", "PostgreSQL"], rows) + "\n\n" + table(["", "measured", "goal", ""], goals)
    return body, found


def registered_on(cluster, seconds, *more, players=PLAYERS):
    """A database of its own each time; the participants are registered before the time begins."""
    import shutil

    data = WORK / "data"
    shutil.rmtree(data, ignore_errors=True)
    with cluster.database() as url:
        with Kejing(data, database=url) as server:
            before = cluster.bytes(url)
            arguments = ["drive", "--url", server.url, "--connections", players, "--duration", seconds, "--server-pid", server.pid]
            report = loadtest(*arguments, *more)
        report["ledger_bytes"] = cluster.bytes(url) - before
        return report


def burst(run):
    reports = []
    for _ in run.each("burst"):
        with Kejing(copy_of(seats())) as server:
            reports.append(loadtest("burst", "--url", server.url, "--phones", 15_000, "--within", 10, "--server-pid", server.pid, *tokens()))
    quick = median(ms(reports, "p99_us", "hello_to_question")) <= 150
    rows = [
        ["seated of 15,000", spread(column(reports, "seated")), "all", verdict(min(column(reports, "seated")) == 15_000)],
        ["refused", spread(column(reports, "refused")), "none", verdict(max(column(reports, "refused")) == 0)],
        ["hello → first question, p50 / p99, ms", latency(reports, "hello_to_question"), "p99 ≤ 150", verdict(quick)],
        ["due → first question, p50 / p99, ms", latency(reports, "due_to_question"), "", ""],
        ["server CPU a phone, µs", spread(column(reports, "server_cpu_us_per_phone")), "", ""],
        ["client CPU a phone, µs", spread(column(reports, "client_cpu_us_per_phone")), "", ""],
    ]
    return table(["connect, upgrade, hello, start within 10 s", "measured", "goal", ""], rows), reports


def overload(run):
    reports = []
    for _ in run.each("overload"):
        # A processor each: otherwise the client that offers twice the load takes the server's time away, and measures itself.
        with Kejing(copy_of(seats()), cpus={0}) as server:
            arguments = ["overload", "--url", server.url, "--connections", PLAYERS, "--seconds", run.seconds(6), "--server-pid", server.pid]
            reports.append(loadtest(*arguments, *tokens(), cpus={1}))
    kept, again, recovered = column(reports, "kept"), column(reports, "impatient_kept"), column(reports, "recovered_ms")
    back = None not in recovered and max(recovered) <= 2000
    rows = [
        ["peak, answers a second", spread(column(reports, "peak_per_second")), "", ""],
        ["offered, messages a second", spread(column(reports, "offered_per_second")), "2 × the peak", ""],
        ["durable meanwhile, answers a second", spread(column(reports, "durable_per_second")), "", ""],
        ["of the peak", spread(kept), "≥ 0.9", verdict(median(kept) >= 0.9)],
        ["durable while phones send the same answer again, a second", spread(column(reports, "impatient_durable_per_second")), "", ""],
        ["of the peak", spread(again), "≥ 0.9", verdict(median(again) >= 0.9)],
        ["durable answers for a second of the server's processor, of those at the peak: phones that wait, phones that send again", f"{spread(for_a_processor(reports, 1))}, {spread(for_a_processor(reports, 2))}", "", ""],
        ["refused", spread(column(reports, "refused")), "", ""],
        ["told again", spread(column(reports, "repeated")), "", ""],
        ["processors used by the server: at the peak, by those who wait, by those who send again", cores(reports, "server_cores"), "", ""],
        ["by the client", cores(reports, "client_cores"), "", ""],
        ["recovered after, ms", spread(recovered), "≤ 2,000", verdict(back)],
    ]
    body = table(["server on one core, client on the other", "measured", "goal", ""], rows)
    return body, reports


def for_a_processor(reports, phase):
    """Where the client had no processor left, the server could have done more: this is what its work came to."""
    worth = [[of["durable_per_second"] / max(of["server_cores"], 0.01) for of in report["phases"]] for report in reports]
    return [of[phase] / of[0] for of in worth]


def cores(reports, end):
    """Of each phase: an end without a processor left was what was measured."""
    return ", ".join(spread([report["phases"][phase][end] for report in reports]) for phase in range(3))


def tell(run):
    reports = []
    for _ in run.each("tell"):
        with Kejing(copy_of(seats())) as server:
            reports.append(loadtest("tell", "--url", server.url, "--seated", SEATS, "--server-pid", server.pid, *tokens()))
    each, within = column(reports, "server_cpu_us_each"), column(reports, "first_to_last_ms")
    rows = [
        ["server CPU each, µs", spread(each), "≤ 9", verdict(median(each) <= 9)],
        ["first to last, ms", spread(within), "≤ 150", verdict(median(within) <= 150)],
        ["bytes of the message", spread(column(reports, "bytes")), "", ""],
        ["client CPU each, µs", spread(column(reports, "client_cpu_us_each")), "", ""],
    ]
    return table([f"a changed board to {SEATS - 1:,} who watch it", "measured", "goal", ""], rows), reports
