"""What the tools share: the lines of a bank file, and where its questions begin. Python 3.11, standard library only."""

import os
import pathlib
import sys
import tempfile
import tomllib

HEADER = "[[question]]"


def read(path):
    """The text without a byte order mark, and what it says."""
    text = pathlib.Path(path).read_bytes().decode("utf-8-sig")
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        sys.exit(f"{path}: {fault}")


def blocks(text):
    """The file in pieces: what stands before the first question, then each question's lines.

    A line of a text in triple quotes could look like a header; the caller finds out by comparing counts.
    """
    pieces = [[]]
    for line in text.splitlines(keepends=True):
        if line.strip() == HEADER:
            pieces.append([])
        pieces[-1].append(line)
    return pieces


def write(path, text):
    """In one step, so that a crash leaves the old file or the new one."""
    path = pathlib.Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode("utf-8"))
    os.chmod(temporary, path.stat().st_mode & 0o777)
    os.replace(temporary, path)


def sources(arguments, tool):
    """The files that the arguments name; a folder stands for its .toml files."""
    if not arguments or any(a.startswith("-") for a in arguments):
        sys.exit(f"usage: {tool} FILE_OR_FOLDER...")
    files = []
    for argument in map(pathlib.Path, arguments):
        files += sorted(argument.glob("*.toml")) if argument.is_dir() else [argument]
    return files
