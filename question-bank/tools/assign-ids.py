#!/usr/bin/env python3
"""Gives each question that has no id a random one, in place.

    question-bank/tools/assign-ids.py question-bank/kexue

An id stays with its question for ever: statistics, corrections and commitments name it. Random, so that it tells
nothing about the question or its neighbours. Only lines `id = "…"` are added; all else stays as it is.
"""

import secrets
import sys

import bankfile

# Base 32 without i, l, o and u, which are misread.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10


def new_id(taken):
    while True:
        # With a letter first, so that no spreadsheet takes it for a number.
        fresh = secrets.choice(ALPHABET[10:]) + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
        if fresh not in taken:
            taken.add(fresh)
            return fresh


def main():
    files = bankfile.sources(sys.argv[1:], "assign-ids.py")
    texts = {path: bankfile.read(path) for path in files}
    # Ids are told apart over all files at once: a bank is a folder.
    taken = set()
    for path, (_, said) in texts.items():
        for question in said.get("question", []):
            if (known := question.get("id")) is not None:
                if known in taken:
                    sys.exit(f"{path}: the id {known} is used twice")
                taken.add(known)

    for path, (text, said) in texts.items():
        before, *pieces = bankfile.blocks(text)
        questions = said.get("question", [])
        if len(pieces) != len(questions):
            sys.exit(f"{path}: {len(pieces)} lines {bankfile.HEADER} for {len(questions)} questions; nothing was changed")
        added = {}
        for place, (piece, question) in enumerate(zip(pieces, questions)):
            if "id" not in question:
                added[place] = new_id(taken)
                ending = "\r\n" if piece[0].endswith("\r\n") else "\n"
                if not piece[0].endswith("\n"):
                    piece[0] += ending
                piece.insert(1, f'id = "{added[place]}"{ending}')
        if not added:
            print(f"{path}: every question has its id")
            continue

        changed = "".join(line for piece in [before, *pieces] for line in piece)
        expected = [dict(q, id=added[place]) if place in added else q for place, q in enumerate(questions)]
        if bankfile.tomllib.loads(changed) != dict(said, question=expected):
            sys.exit(f"{path}: more than ids would have changed; nothing was written")
        bankfile.write(path, changed)
        print(f"{path}: {len(added)} of {len(questions)} questions got an id")


if __name__ == "__main__":
    main()
