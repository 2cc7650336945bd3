#!/usr/bin/env python3
"""Evens out which letter is right among the single-choice questions of each file, in place.

    question-bank/tools/permute.py question-bank/kexue

Whoever writes questions puts the right option at B and C too often. Participants see shuffled options anyway; this is
for the files, which are also printed and read. Only as many options change places as it takes, always the right one
with one wrong one, so that a second run changes nothing. Questions marked fixed_order are left alone.
"""

import hashlib
import re
import sys
from collections import Counter

import bankfile

LETTERS = "ABCD"
OPTIONS = re.compile(r"^options\s*=\s*\[", re.MULTILINE)
KEY = re.compile(r'^(key\s*=\s*")([A-H])(")', re.MULTILINE)
# A basic string on one line, or a literal one.
TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'")


def is_moveable(question):
    return (
        question.get("kind") == "single"
        and not question.get("fixed_order", False)
        and len(question.get("options", [])) == len(LETTERS)
        and question.get("key") in list(LETTERS)
    )


def moves(questions):
    """Question's place -> new letter, so that each letter is right equally often, give or take one."""
    moveable = [place for place, q in enumerate(questions) if is_moveable(q)]
    held = Counter({letter: 0 for letter in LETTERS})
    held.update(questions[place]["key"] for place in moveable)
    least, over = divmod(len(moveable), len(LETTERS))
    # The letters that are right most often already keep the remainder.
    ranked = sorted(LETTERS, key=lambda letter: (-held[letter], letter))
    room = {letter: least + (rank < over) for rank, letter in enumerate(ranked)}

    # Which questions move is decided by their text: the same on every run, and without regard to where they stand.
    moveable.sort(key=lambda place: hashlib.sha256(questions[place]["stem"].encode()).digest())
    decided = {}
    for place in moveable:
        letter = questions[place]["key"]
        if held[letter] > room[letter]:
            to = min((l for l in LETTERS if held[l] < room[l]), key=lambda l: (held[l] - room[l], l))
            decided[place] = to
            held[letter] -= 1
            held[to] += 1
    return decided


def with_key_at(block, letter):
    """The block's text with the right option at `letter`; None where it is not written as expected."""
    opening, key = OPTIONS.search(block), KEY.search(block)
    if not opening or not key:
        return None
    spans, at = [], opening.end()
    while True:
        gap = re.compile(r"[\s,]*").match(block, at)
        found = TEXT.match(block, gap.end())
        if not found:
            break
        spans.append(found.span())
        at = found.end()
    if len(spans) != len(LETTERS) or not block[at:].lstrip(" \t\r\n,").startswith("]"):
        return None
    low, high = sorted((spans[LETTERS.index(key[2])], spans[LETTERS.index(letter)]))
    swapped = block[: low[0]] + block[slice(*high)] + block[low[1] : high[0]] + block[slice(*low)] + block[high[1] :]
    # Both options together are as long as before, so what follows them has not moved; the key may stand before.
    return KEY.sub(lambda m: m[1] + letter + m[3], swapped, count=1)


def as_moved(question, letter):
    options = list(question["options"])
    here, there = LETTERS.index(question["key"]), LETTERS.index(letter)
    options[here], options[there] = options[there], options[here]
    return dict(question, options=options, key=letter)


def main():
    for path in bankfile.sources(sys.argv[1:], "permute.py"):
        text, said = bankfile.read(path)
        before, *pieces = bankfile.blocks(text)
        questions = said.get("question", [])
        if len(pieces) != len(questions):
            sys.exit(f"{path}: {len(pieces)} lines {bankfile.HEADER} for {len(questions)} questions; nothing was changed")
        decided = moves(questions)
        changed = ["".join(piece) for piece in pieces]
        for place, letter in decided.items():
            changed[place] = with_key_at(changed[place], letter)
            if changed[place] is None:
                sys.exit(f"{path}: cannot move the options of 「{questions[place]['stem']}」; nothing was changed")
        result = "".join(before) + "".join(changed)
        expected = [as_moved(q, decided[place]) if place in decided else q for place, q in enumerate(questions)]
        if bankfile.tomllib.loads(result) != dict(said, question=expected):
            sys.exit(f"{path}: more than the order of options would have changed; nothing was written")
        if decided:
            bankfile.write(path, result)
        right = Counter(q["key"] for q in expected if is_moveable(q))
        spread = " ".join(f"{letter}{right[letter]}" for letter in LETTERS)
        print(f"{path}: {len(decided)} questions changed; now {spread}")


if __name__ == "__main__":
    main()
