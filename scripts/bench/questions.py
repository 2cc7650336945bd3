"""A workbook of so many questions as an office would send it. Standard library only.

Its words are those of the shipped bank, put together anew by a fixed seed: stems of two or three pieces of its sentences, options out of its
options, so that questions share as much with each other as questions on the same subjects do. One in ten is an earlier one of which a few characters
were changed, one in a hundred an earlier one as it was."""

import io
import random
import re
import tomllib
import zipfile
from xml.sax.saxutils import escape

from machine import ROOT

HEADER = ["序号", "题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析", "来源", "难度", "知识点"]
KINDS = {"true_false": "判断题", "single": "单选题", "multiple": "多选题"}


def workbook(count) -> bytes:
    return packed([HEADER, *questions(count)])


def questions(count):
    draw = random.Random(4)
    stock = []
    for file in sorted((ROOT / "question-bank/kexue").glob("*.toml")):
        topic = tomllib.loads(file.read_text())
        stock += [question | {"topic": topic["topic"]} for question in topic["question"]]
    pieces = [piece for question in stock for piece in re.split("[，。；：？、]", question["stem"] + question["explanation"]) if len(piece) > 3]
    options = sorted({option for question in stock for option in question.get("options", [])})
    rows = []
    for number in range(1, count + 1):
        chance = draw.random()
        if rows and chance < 0.11:
            row = list(draw.choice(rows))
            if chance < 0.1:
                row[2] = changed(row[2], draw)
            rows.append([number, *row[1:]])
            continue
        like = draw.choice(stock)
        stem = "，".join(draw.sample(pieces, draw.choice([2, 2, 3])))
        offered, key = [""] * 4, draw.choice(["正确", "错误"])
        if like["kind"] != "true_false":
            stem += draw.choice(["，正确的是（　）。", "，下列哪一项与此有关？", "，下列说法正确的有：", "？"])
            offered = draw.sample(options, 4)
            key = "".join(sorted(draw.sample("ABCD", 1 if like["kind"] == "single" else draw.choice([2, 3]))))
        told = draw.choice(stock)
        rows.append([number, KINDS[like["kind"]], stem, *offered, key, told["explanation"], told["source"], draw.choice("易中难"), like["topic"]])
    return rows


def changed(stem, draw):
    """Two characters are others, as somebody types a question anew."""
    letters = list(stem)
    for place in draw.sample(range(len(letters)), min(2, len(letters))):
        letters[place] = draw.choice("的是在和有为与中大上")
    return "".join(letters)


def packed(rows) -> bytes:
    """As WPS and Excel write it: each text once, the cells with their numbers."""
    texts, cells = {}, []
    for line, row in enumerate(rows, 1):
        written = []
        for place, value in enumerate(row):
            at = f"{chr(ord('A') + place)}{line}"
            if isinstance(value, int):
                written.append(f'<c r="{at}"><v>{value}</v></c>')
            elif value:
                written.append(f'<c r="{at}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>')
        cells.append(f'<row r="{line}">{"".join(written)}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kept = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" Type="{kept}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{kept}"><sheets><sheet name="题库" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" Type="{kept}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="b" Type="{kept}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}" uniqueCount="{len(texts)}">' + "".join(f"<si><t>{escape(text)}</t></si>" for text in texts) + "</sst>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(cells)}</sheetData></worksheet>',
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)
    return made.getvalue()
