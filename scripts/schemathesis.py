#!/usr/bin/env python3
"""Asks the desk what its description promises: schemathesis (PyPI), signed in as an administrator, and once as nobody.

Beside a server of its own: `with-server.py python3 scripts/schemathesis.py` (`make schemathesis`). The server has to be fresh: the first
administrator comes in by KEJING_SETUP. EXAMPLES=n a call, SEED=n again. Python's standard library only, but for schemathesis itself."""

import json
import os
import pathlib
import subprocess
import sys
import venv

from desk import administrator, nobody

ROOT = pathlib.Path(__file__).resolve().parent.parent
WANTED = "schemathesis>=4.32,<5"
# One run takes no longer, whatever it finds.
SECONDS_MAX = 300
# What forms refuse is told in sentences, more narrowly than a schema can: a name that is taken, a password that everybody uses. A call
# that nobody is signed in for is refused before its parameters are looked at. Cookies are described as such, and still asked for with each call.
NOT_CHECKED = "positive_data_acceptance,ignored_auth,missing_required_header"


def main() -> int:
    base = os.environ["KEJING_URL"] + "/api/desk/v1"
    schemathesis = installed()
    # Signing out would end the session that everything else is asked with.
    as_administrator = run(schemathesis, base, "as an administrator", administrator(base, os.environ["KEJING_SETUP"]), "--exclude-operation-id", "session_sign_out")
    return max(as_administrator, run(schemathesis, base, "as nobody", nobody(base)))


def run(schemathesis: pathlib.Path, base: str, who: str, headers: dict[str, str], *more: str) -> int:
    print(f"\n--- {who}", flush=True)
    seed = os.environ.get("SEED") or "1"
    command = [schemathesis, "run", f"{base}/openapi.json", "--origin", os.environ["KEJING_URL"], "--no-color", "--workers", "1"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", os.environ.get("EXAMPLES") or "40", "--seed", seed]
    command += ["--exclude-checks", NOT_CHECKED, "--request-timeout", "20", "--continue-on-failure", "--warnings", "off"]
    command += more
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    # Its cache and reports belong to nobody's source tree.
    folder = target() / "schemathesis"
    return subprocess.run(command, cwd=folder, timeout=SECONDS_MAX).returncode


def target() -> pathlib.Path:
    command = ["cargo", "metadata", "--format-version=1", "--no-deps"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return pathlib.Path(json.loads(told)["target_directory"])


def installed() -> pathlib.Path:
    folder = target() / "schemathesis"
    command = folder / "bin" / "schemathesis"
    if not command.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", WANTED], check=True)
    return command


if __name__ == "__main__":
    sys.exit(main())
