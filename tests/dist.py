#!/usr/bin/env python3
"""The archive of `make dist`, made of the binary that `cargo test` built: the same bytes twice, complete by its own sums, installed twice
under a prefix, and serving its pages from there. Python's standard library only."""

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 20


def binary() -> pathlib.Path:
    spec = importlib.util.spec_from_file_location("with_server", ROOT / "scripts/with-server.py")
    with_server = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(with_server)
    return with_server.binary()


def made(to: pathlib.Path) -> pathlib.Path:
    subprocess.run([sys.executable, "scripts/dist.py", "--binary", binary(), "--to", to], cwd=ROOT, check=True)
    [archive] = to.glob("kejing-*.tar.gz")
    return archive


def served(kejing: pathlib.Path, settings: pathlib.Path) -> None:
    """Starts what was installed on a free port, asks for a page and the API, and stops it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KEJING_")}
    command = [kejing, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]
    with subprocess.Popen(command, env=environment, cwd="/", stdout=subprocess.PIPE, text=True) as server:
        watchdog = threading.Timer(START_SECONDS, server.kill)
        watchdog.start()
        try:
            url = next(found.group() for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            for path in ["/", "/readyz", "/api/v1/season"]:
                with urllib.request.urlopen(url + path, timeout=START_SECONDS) as answer:
                    assert answer.status == 200, path
        finally:
            watchdog.cancel()
            server.terminate()
            server.communicate(timeout=STOP_SECONDS)
    assert server.returncode == 0, server.returncode


def asked() -> str:
    """What `make dist` would do on a machine of the usual kind."""
    return subprocess.run(["make", "--dry-run", "--always-make", "dist"], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def main() -> int:
    assert re.search(r"cargo build --release --locked --bin kejing *$", asked(), re.MULTILINE), asked()
    with tempfile.TemporaryDirectory(prefix="kejing-") as folder:
        place = pathlib.Path(folder)
        first, second = made(place / "first"), made(place / "second")
        assert first.read_bytes() == second.read_bytes(), "the archive is not the same twice"
        subprocess.run(["tar", "-xzf", first, "-C", place], check=True)
        top = place / first.name.removesuffix(".tar.gz")
        subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=top, check=True)
        listed = {line.split("  ", 1)[1] for line in (top / "SHA256SUMS").read_text().splitlines()}
        there = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
        assert there == listed | {"SHA256SUMS"}, there ^ listed
        prefix = place / "installed"
        settings = prefix / "etc/kejing/kejing.toml"
        subprocess.run([top / "install.sh", "--prefix", prefix], check=True)
        # Again, as an upgrade does it: what the operator wrote stays.
        settings.write_text(settings.read_text() + "# mine\n")
        subprocess.run([top / "install.sh", "--prefix", prefix], check=True)
        assert settings.read_text().endswith("# mine\n")
        served(prefix / "opt/kejing/bin/kejing", settings)
        # A file that was altered on the way is not installed.
        (top / "seasons/demo.toml").write_text("")
        altered = subprocess.run([top / "install.sh", "--prefix", place / "other"], capture_output=True, text=True)
        assert altered.returncode == 1 and "SHA256SUMS" in altered.stderr, altered
    return 0


if __name__ == "__main__":
    sys.exit(main())
