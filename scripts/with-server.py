#!/usr/bin/env python3
"""Runs a command beside a Kejing server of its own: `with-server.py COMMAND…`.

The server is the one that `cargo test` built (or KEJING_SERVER), plays seasons/demo.toml (or KEJING_TEST_SEASON) on a free port with a
temporary data folder, and is stopped afterwards whatever happens. The command finds it in KEJING_URL, the secret of the desk's
first link in KEJING_SETUP, and the binary in KEJING_SERVER, for servers of its own. Python's standard library only."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 20


def binary() -> pathlib.Path:
    if named := os.environ.get("KEJING_SERVER"):
        return pathlib.Path(named)
    command = ["cargo", "metadata", "--format-version=1", "--no-deps"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return pathlib.Path(json.loads(told)["target_directory"]) / "debug" / "kejing"


def main(command: list[str]) -> int:
    season = os.environ.get("KEJING_TEST_SEASON", str(ROOT / "seasons/demo.toml"))
    # The server's own settings are all given here; what the caller's environment says is for the command.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KEJING_")}
    with tempfile.TemporaryDirectory(prefix="kejing-") as folder, open(pathlib.Path(folder) / "log", "w+") as log:
        serve = [binary(), "serve", "--season", season, "--data", f"{folder}/data", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(serve, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        # A server that hangs before it says where it is would keep the reading below waiting for ever.
        watchdog = threading.Timer(START_SECONDS, server.kill)
        watchdog.start()
        url = setup = None
        try:
            for line in server.stdout:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    url = url or found.group()
                if found := re.search(r"/desk#/setup/(\S+)", line):
                    setup = found.group(1)
                # The greeting's last line.
                if "Ctrl+C" in line:
                    break
            watchdog.cancel()
            if url is None:
                print("the server did not start", file=sys.stderr)
                return 1
            threading.Thread(target=lambda: server.stdout.read(), daemon=True).start()
            told = {"KEJING_URL": url, "KEJING_SETUP": setup or "", "KEJING_SERVER": str(binary())}
            return subprocess.run(command, cwd=ROOT, env=os.environ | told).returncode
        finally:
            watchdog.cancel()
            stop(server)
            if server.returncode != 0:
                log.seek(0)
                print(f"the server ended with {server.returncode}; it said:\n{log.read()}", file=sys.stderr)


def stop(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
