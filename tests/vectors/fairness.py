#!/usr/bin/env python3
"""A second opinion on docs/fairness.md: everything in it again, from the document alone, standard library only.

    tests/vectors/fairness.py            compares with fairness.json beside it
    tests/vectors/fairness.py --write    made that file, once; it never changes while the algorithm's number is 1
"""

import hashlib
import hmac
import json
import pathlib
import struct
import sys

FILE = pathlib.Path(__file__).with_suffix(".json")
ALGORITHM = 1
SECTION, OPTIONS = 1, 2


def rotated(word, by):
    return ((word << by) | (word >> (32 - by))) & 0xFFFFFFFF


def chacha20_block(key, counter, nonce):
    """RFC 8439, section 2.3."""
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    s = start[:]

    def quarter(a, b, c, d):
        s[a] = (s[a] + s[b]) & 0xFFFFFFFF
        s[d] = rotated(s[d] ^ s[a], 16)
        s[c] = (s[c] + s[d]) & 0xFFFFFFFF
        s[b] = rotated(s[b] ^ s[c], 12)
        s[a] = (s[a] + s[b]) & 0xFFFFFFFF
        s[d] = rotated(s[d] ^ s[a], 8)
        s[c] = (s[c] + s[d]) & 0xFFFFFFFF
        s[b] = rotated(s[b] ^ s[c], 7)

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for diagonal in range(4):
            quarter(diagonal, (diagonal + 1) % 4 + 4, (diagonal + 2) % 4 + 8, (diagonal + 3) % 4 + 12)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))


def words(seed, purpose, number):
    nonce = struct.pack("<III", purpose, number, 0)
    counter = 0
    while True:
        yield from struct.unpack("<16I", chacha20_block(seed, counter, nonce))
        counter += 1


def below(stream, n):
    end = 2**32 - 2**32 % n
    while True:
        word = next(stream)
        if word < end:
            return word % n


def shuffle_first(items, count, stream):
    for place in range(count):
        other = place + below(stream, len(items) - place)
        items[place], items[other] = items[other], items[place]


def takes(section, entry):
    return all(
        not section[wanted] or entry[field] in section[wanted]
        for wanted, field in (("kinds", "kind"), ("topics", "topic"), ("difficulties", "difficulty"))
    )


def paper(draw_list, blueprint, seed):
    drawn = []
    for number, section in enumerate(blueprint["sections"]):
        left = [place for place, entry in enumerate(draw_list) if place not in drawn and takes(section, entry)]
        count = min(section["count"], len(left))
        shuffle_first(left, count, words(seed, SECTION, number))
        drawn += left[:count]
    return drawn


def order(seed, seq, entry):
    places = list(range(entry["options"]))
    if entry["kind"] != "true_false" and not entry["fixed_order"]:
        shuffle_first(places, len(places), words(seed, OPTIONS, seq))
    return places


def hash_input(*fields):
    def encoded(field):
        if isinstance(field, (bool, int)):
            field = str(int(field))
        if isinstance(field, str):
            field = field.encode("utf-8")
        return struct.pack("<I", len(field)) + field

    return b"".join(map(encoded, fields))


def commitment(secret, season, round_id, period, blueprint, draw_list):
    fields = ["kejing/v1/commitment", secret, season, round_id, period, ALGORITHM, len(blueprint["sections"])]
    for s in blueprint["sections"]:
        fields += [len(s["kinds"]), *s["kinds"], s["count"], s["points"]]
        fields += [len(s["topics"]), *s["topics"], len(s["difficulties"]), *s["difficulties"]]
    fields.append(len(draw_list))
    for e in draw_list:
        fields += [e["id"], e["kind"], e["topic"], e["difficulty"], e["options"], e["fixed_order"]]
    return hashlib.sha256(hash_input(*fields)).hexdigest()


def seed_of(secret, participant, round_id, attempt):
    message = hash_input("kejing/v1/paper", participant, round_id, attempt)
    return hmac.new(secret, message, hashlib.sha256).digest()


def receipt(key, facts):
    fields = [facts[name] for name in ("attempt", "score", "correct", "of", "elapsed_ms", "finished_at")]
    proof = hmac.new(key, hash_input("kejing/v2/receipt", *fields), hashlib.sha256).digest()
    bits = facts["attempt"] % 2**36 * 2**24 + int.from_bytes(proof[:3], "big")
    left, right = bits >> 30, bits % 2**30
    for number in range(1, 7):
        digest = hmac.new(key, hash_input("kejing/v2/receipt/round", number, right), hashlib.sha256).digest()
        left, right = right, left ^ int.from_bytes(digest[:4], "big") >> 2
    bits = left << 30 | right
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits >> 5 * place & 31] for place in reversed(range(12)))


def entries(count, make):
    return sorted((make(n) for n in range(count)), key=lambda e: e["id"].encode())


def small(n):
    kind = ("true_false", "single", "multiple")[n % 3]
    options = 2 if kind == "true_false" else 3 + n % 6
    return {"id": f"q{n * 7919 % 1000:03}", "kind": kind, "topic": ("卫生健康", "安全生产")[n % 2],
            "difficulty": 1 + n // 4 % 3, "options": options, "fixed_order": n % 11 == 5}


def large(n):
    digest = hashlib.sha256(f"entry {n}".encode()).digest()
    kind = ("single", "single", "multiple", "true_false")[digest[0] % 4]
    return {"id": digest[:5].hex(), "kind": kind, "topic": f"主题{digest[1] % 12}", "difficulty": 1 + digest[2] % 3,
            "options": 2 if kind == "true_false" else 4 + digest[3] % 2, "fixed_order": digest[4] < 16}


def section(count, points=5, kinds=(), topics=(), difficulties=()):
    return {"kinds": list(kinds), "count": count, "points": points, "topics": list(topics),
            "difficulties": list(difficulties)}


def cases():
    """(name, draw list, blueprint): sections that share questions, one that finds too few, one question, a big bank."""
    yield "一节", entries(30, small), [section(10)]
    yield "三种题型", entries(30, small), [section(4, 5, ["true_false"]), section(4, 5, ["single"]), section(2, 10, ["multiple"])]
    yield "有交集的两节", entries(24, small), [section(6, 5, [], ["卫生健康"]), section(12, 4, ["single", "multiple"], [], [1, 2])]
    yield "题不够的一节", entries(9, small), [section(5, 20, ["multiple"]), section(2)]
    yield "一道题", entries(1, lambda n: dict(small(7), kind="single", fixed_order=False)), [section(1, 0)]
    yield "大题库", entries(1200, large), [section(20, 3, ["single"]), section(10, 4, ["multiple"], [], [2, 3]), section(10, 0)]


def vectors():
    made = []
    for number, (name, draw_list, sections) in enumerate(cases()):
        secret = hashlib.sha256(f"secret {number}".encode()).digest()
        season, round_id, period = f"guangxi-20{26 + number}", ("daily", "final")[number % 2], number * 3
        blueprint = {"sections": sections}
        papers = []
        for participant, attempt in (("p-7f3k", 1), ("p-7f3k", 2), ("选手", 300)):
            seed = seed_of(secret, participant, round_id, attempt)
            drawn = paper(draw_list, blueprint, seed)
            papers.append({
                "participant": participant, "attempt": attempt, "seed": seed.hex(),
                "paper": [draw_list[place]["id"] for place in drawn],
                "orders": [order(seed, seq, draw_list[place]) for seq, place in enumerate(drawn, 1)],
            })
        made.append({
            "name": name, "season": season, "round": round_id, "period": period, "secret": secret.hex(),
            "commitment": commitment(secret, season, round_id, period, blueprint, draw_list),
            "blueprint": blueprint, "draw_list": draw_list, "papers": papers,
        })
    facts = [
        {"attempt": 1, "score": 0, "correct": 0, "of": 10, "elapsed_ms": 0, "finished_at": 1785513600000},
        {"attempt": 4730000, "score": 100, "correct": 20, "of": 20, "elapsed_ms": 93412, "finished_at": 1796054399999},
    ]
    key = hashlib.sha256(b"receipts").digest()
    receipts = [dict(f, receipt=receipt(key, f)) for f in facts]
    return {"algorithm": ALGORITHM, "periods": made, "receipt_key": key.hex(), "receipts": receipts}


def main():
    # RFC 8439, section 2.3.2.
    block = chacha20_block(bytes(range(32)), 1, bytes.fromhex("000000090000004a00000000"))
    assert block.hex().startswith("10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"), block.hex()
    if "--write" in sys.argv[1:]:
        FILE.write_text(json.dumps(vectors(), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    elif json.loads(FILE.read_text(encoding="utf-8")) != vectors():
        sys.exit("fairness.json says otherwise")


if __name__ == "__main__":
    main()
