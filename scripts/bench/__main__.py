"""`make bench`: every row of the goals beside its reference in the same run; `make bench ROW=answer` one, `RUNS=n` more or fewer runs,
`SHORT=1` a trial in a fraction of the time, which writes nothing into the documents.

Medians and spread go into docs/benchmarks.md (between markers; what is written around them is kept) and docs/benchmarks/results.json
after each row. It fails on no figure; it fails on a wrong answer. Python's standard library only."""

import os
import subprocess
import sys
import time
import traceback

import machine
import rows_answers
import rows_desk
import rows_large
import rows_parts
import tables

# The slow ones last, so that a run that is cut off has as many as possible.
ROWS = {
    "answer": rows_answers.answer,
    "rate": rows_answers.at_rate,
    "memory": rows_large.memory,
    "burst": rows_answers.burst,
    "board": rows_parts.board,
    "tell": rows_answers.tell,
    "disk": rows_large.disk,
    "fdatasync": rows_large.fdatasync,
    "page": rows_parts.page,
    "imports": rows_desk.imports,
    "postgres": rows_answers.postgres,
    "overload": rows_answers.overload,
    "restart": rows_large.restart,
    "boards": rows_large.boards,
    "pure": rows_parts.pure,
    "growth": rows_large.growth,
}


class Run:
    def __init__(self):
        self.short = bool(os.environ.get("SHORT"))
        self.runs = int(os.environ.get("RUNS") or (1 if self.short else 5))

    def seconds(self, full):
        return max(2, full // 3) if self.short else full

    def each(self, name):
        for number in range(1, self.runs + 1):
            print(f"{time.strftime('%H:%M:%S')}  {name}: run {number} of {self.runs}", flush=True)
            yield number


def main() -> int:
    asked = [name for name in (os.environ.get("ROW") or "").replace(",", " ").split()]
    if strange := [name for name in asked if name not in ROWS]:
        print(f"no such row: {', '.join(strange)}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    machine.WORK.mkdir(parents=True, exist_ok=True)
    run, failed = Run(), []
    if run.short:
        # A trial draws its charts beside its logs.
        tables.FOLDER = machine.WORK / "charts"
    description = machine.describe()
    print(description, flush=True)
    for name in asked or ROWS:
        begun = time.monotonic()
        try:
            body, results = ROWS[name](run)
        except machine.Disagreed as wrong:
            failed.append(f"{name}: a wrong answer\n{wrong}")
            print(failed[-1], file=sys.stderr, flush=True)
            continue
        except (RuntimeError, OSError, KeyError, ValueError, subprocess.CalledProcessError):
            # One row that cannot be measured here costs no other.
            failed.append(f"{name}: not measured\n{traceback.format_exc()}")
            print(failed[-1], file=sys.stderr, flush=True)
            continue
        took = time.monotonic() - begun
        how = f"`make bench ROW={name}`, {run.runs} runs, {took:.0f} s, {description['date']}, commit {description['commit']}."
        print(f"{body}\n\n{how}\n", flush=True)
        if not run.short:
            tables.write(name, f"{body}\n\n{how}", {"measured": description, "runs": run.runs, "seconds": round(took), "results": results})
            tables.describe(description)
    if failed:
        print("\n".join(["", "not measured, or wrong:", *failed]), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
