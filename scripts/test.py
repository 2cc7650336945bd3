#!/usr/bin/env python3
"""Every check of the house, in an order in which the quick ones come first and the browser finds built pages and a built server.

All steps run, also after one has failed. The last line is `N passed, N failed`: the runners' own counts, and one for each step
that counts nothing itself. Python's standard library only."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
BROWSER = ROOT / "tests" / "browser"

# The front door's tests that keep a season in a ledger, whichever it is.
ON_POSTGRES = [
    "admission::", "banks::", "corrections::", "desk::", "http::", "limits::", "moments::", "operating::draining::", "operating::figures::",
    "operating::logs::", "paper::", "promises::", "rehearsals::", "replay::", "restart::", "seasons::", "strangers::", "wire::",
]

# What runners say of how many tests passed and failed.
COUNTS = [
    # cargo test
    re.compile(r"^test result: \w+\. (?P<passed>\d+) passed; (?P<failed>\d+) failed"),
    # vitest
    re.compile(r"^\s*Tests\s+(?:(?P<failed>\d+) failed\s*(?:\||$)\s*)?(?:(?P<passed>\d+) passed)?"),
    # node --test
    re.compile(r"^(?:#|ℹ) pass (?P<passed>\d+)"),
    re.compile(r"^(?:#|ℹ) fail (?P<failed>\d+)"),
]


class Tally:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.steps: list[tuple[str, bool, float]] = []

    def step(self, name: str, command: list[str], folder: pathlib.Path = ROOT, **variables: str) -> bool:
        """Runs one step, passes on what it prints, and counts."""
        print(f"\n=== {name}: {' '.join(command)}", flush=True)
        began = time.monotonic()
        environment = os.environ | {"NO_COLOR": "1", "CARGO_TERM_COLOR": "never"} | variables
        environment.pop("FORCE_COLOR", None)
        passed = failed = 0
        run = subprocess.Popen(
            command, cwd=folder, env=environment, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for line in run.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            for counts in COUNTS:
                if found := counts.match(line):
                    told = found.groupdict()
                    passed += int(told.get("passed") or 0)
                    failed += int(told.get("failed") or 0)
        fine = run.wait() == 0
        if fine and passed + failed == 0:
            passed = 1
        if not fine and failed == 0:
            failed = 1
        self.passed += passed
        self.failed += failed
        self.steps.append((name, fine, time.monotonic() - began))
        return fine


def main() -> int:
    tally = Tally()
    web(tally)
    rust(tally)
    tally.step("the drawing's vectors", [sys.executable, "tests/vectors/fairness.py"])
    tally.step("the archive installs and serves", [sys.executable, "tests/dist.py"])
    browser(tally)
    print()
    for name, fine, seconds in tally.steps:
        print(f"{'ok    ' if fine else 'FAILED'} {seconds:6.0f} s  {name}")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.failed == 0 else 1


def web(tally: Tally) -> None:
    if not installed(WEB) and not tally.step("web: packages", ["npm", "ci", "--no-audit", "--no-fund"], WEB):
        return
    for script in ["lint", "check", "test", "build", "size"]:
        tally.step(f"web: {script}", ["npm", "run", "--silent", script], WEB)


def rust(tally: Tally) -> None:
    tally.step("rust: format", ["cargo", "fmt", "--all", "--check"])
    tally.step("rust: clippy", ["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    tally.step("rust: tests", ["cargo", "test", "--workspace", "--locked", "--no-fail-fast"])
    # What touches SQL, once more: tests start a cluster of their own (tests/harness/postgres.rs).
    front_door = ["cargo", "test", "-p", "kejing", "--locked", "--test", "front_door", "--", *ON_POSTGRES]
    tally.step("rust: tests on PostgreSQL", front_door, KEJING_TEST_DATABASE="postgres")


def browser(tally: Tally) -> None:
    if not installed(BROWSER) and not tally.step("browser: packages", ["npm", "ci", "--no-audit", "--no-fund"], BROWSER):
        return
    files = [str(path.relative_to(ROOT)) for path in sorted(BROWSER.glob("*.test.mjs"))]
    tests = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *files]
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium")) or "chromium"
    tally.step("browser: tests", [sys.executable, "scripts/with-server.py", *tests], CHROMIUM=chromium)


def installed(folder: pathlib.Path) -> bool:
    """Whether the packages are those that the lock file names."""
    wanted, there = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    return there.exists() and there.stat().st_mtime >= wanted.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main())
