#!/usr/bin/env python3
"""Makes dist/kejing-VERSION-linux-ARCH.tar.gz: all that a machine without Internet needs to run Kejing.

`dist.py --binary FILE [--to FOLDER]`. The same inputs make the same bytes: names in order, one moment for all (the commit's, or
SOURCE_DATE_EPOCH), no owner. Python's standard library, git, and objdump and strip of binutils."""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is taken along of the project, as git has it.
FOLDERS = ["seasons", "question-bank", "deploy", "docs"]
FILES = ["LICENSE", "CHANGELOG.md", "README.md"]
# Tools for editors of banks, and pictures of the project's own front page.
LEFT_OUT = ["question-bank/tools/", "docs/screenshots/"]


def told(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def moment() -> int:
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(epoch)
    return int(told("git", "log", "-1", "--format=%ct"))


def glibc(binary: pathlib.Path) -> str | None:
    """The oldest glibc that the binary runs on; None where it needs none."""
    symbols = subprocess.run(["objdump", "-T", binary], capture_output=True, text=True).stdout
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([0-9.]+)", symbols)}
    return ".".join(map(str, max(versions))) if versions else None


def stripped(binary: pathlib.Path) -> bytes:
    """Without what only a debugger reads; the names of functions stay, for the log of a fault."""
    with tempfile.TemporaryDirectory() as folder:
        to = pathlib.Path(folder) / "kejing"
        subprocess.run(["strip", "--strip-debug", "-o", to, binary], check=True)
        return to.read_bytes()


def purl_crate(package: dict) -> dict:
    return {
        "type": "library", "name": package["name"], "version": package["version"],
        "purl": f"pkg:cargo/{package['name']}@{package['version']}",
        **({"licenses": [{"expression": package["license"].replace("/", " OR ")}]} if package.get("license") else {}),
    }


def crates() -> list[dict]:
    """What is built into the binary: normal dependencies on this kind of machine, from the lock file."""
    metadata = json.loads(told(
        "cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    first = next(i for i, package in packages.items() if package["name"] == "kejing")
    found, waiting = set(), [first]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    return [purl_crate(packages[i]) for i in found]


def scripts() -> list[dict]:
    """What the pages are built from."""
    lock = json.loads((ROOT / "web/package-lock.json").read_text())
    parts = []
    for path, package in lock["packages"].items():
        if path and not package.get("dev") and not package.get("link"):
            name = path.rsplit("node_modules/", 1)[-1]
            purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
            licence = [{"expression": package["license"]}] if package.get("license") else []
            part = {"type": "library", "name": name, "version": package["version"], "purl": purl}
            parts.append(part | ({"licenses": licence} if licence else {}))
    return parts


def sbom(version: str) -> bytes:
    parts = {part["purl"]: part for part in crates() + scripts()}
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "name": "kejing", "version": version}},
        "components": [parts[purl] for purl in sorted(parts)],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def contents(binary: pathlib.Path, version: str, needs: str | None) -> dict[str, tuple[bytes, int]]:
    """Each file's bytes and mode, by its name in the archive."""
    held = {"bin/kejing": (stripped(binary), 0o755), "SBOM.cdx.json": (sbom(version), 0o644)}
    for name in told("git", "ls-files", "-z", *FOLDERS, *FILES).split("\0"):
        if name and not any(name.startswith(left) for left in LEFT_OUT):
            held[name] = ((ROOT / name).read_bytes(), 0o755 if name.startswith("deploy/") and name.endswith(".sh") else 0o644)
    for source, name, mode in [("install.sh", "install.sh", 0o755), ("README-INSTALL.md", "README-INSTALL.md", 0o644)]:
        text = (ROOT / "scripts/dist" / source).read_text()
        text = text.replace("@VERSION@", version).replace("@GLIBC@", needs or "")
        held[name] = (text.encode(), mode)
    sums = "".join(f"{hashlib.sha256(held[name][0]).hexdigest()}  {name}\n" for name in sorted(held))
    return held | {"SHA256SUMS": (sums.encode(), 0o644)}


def packed(top: str, held: dict[str, tuple[bytes, int]], at: int) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in sorted(held):
            data, mode = held[name]
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mode, entry.mtime = len(data), mode, at
            archive.addfile(entry, io.BytesIO(data))
    # The header's own moment and name would differ from run to run.
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=9, mtime=at) as zipped:
        zipped.write(raw.getvalue())
    return out.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--to", type=pathlib.Path, default=ROOT / "dist")
    asked = parser.parse_args()
    version = told(asked.binary.resolve().as_posix(), "--version").split()[-1]
    arch = os.uname().machine
    needs = glibc(asked.binary)
    top = f"kejing-{version}-linux-{arch}"
    archive = packed(top, contents(asked.binary, version, needs), moment())
    asked.to.mkdir(parents=True, exist_ok=True)
    place = asked.to / f"{top}.tar.gz"
    place.write_bytes(archive)
    print(f"{place}  {len(archive) / 1e6:.1f} MB  sha256 {hashlib.sha256(archive).hexdigest()}")
    print(f"需要 glibc {needs} 或更新" if needs else "静态链接，不挑 glibc")
    return 0


if __name__ == "__main__":
    sys.exit(main())
