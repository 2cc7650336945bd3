#!/usr/bin/env python3
"""Makes the .xls files of this folder: nothing else writes Excel 97's format any more. Needs xlwt (PyPI): `python3 old_workbooks.py`."""

import datetime
import pathlib

import xlwt

FOLDER = pathlib.Path(__file__).resolve().parent


def style(number_format=None, raised=None):
    made = xlwt.XFStyle()
    if number_format:
        made.num_format_str = number_format
    if raised is not None:
        made.font.escapement = raised
    return made


def usual():
    """Titles above the header, two sheets, percentages, dates, merged cells, a formula, a hidden row, lowered figures."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("单选题")
    sheet.write_merge(0, 0, 0, 6, "某市科普题库（2003 版）")
    sheet.write(1, 0, "说明：请勿改动列名")
    for column, title in enumerate(["题干", "A", "B", "C", "D", "答案", "知识点"]):
        sheet.write(2, column, title)
    percent = style("0%")
    sheet.write(3, 0, "空气里氧气约占多少？")
    for column, share in enumerate([0.21, 0.5, 0.78, 0.01]):
        sheet.write(3, column + 1, share, percent)
    sheet.write(3, 5, "A")
    sheet.write_merge(3, 4, 6, 6, "大气")
    sheet.write(4, 0, "元旦是哪一天？")
    for column, day in enumerate([1, 2, 3]):
        sheet.write(4, column + 1, datetime.date(2024, 1, day), style('m"月"d"日"'))
    sheet.write(4, 5, "A")
    sheet.write(5, 0, "一加一得几？")
    sheet.write(5, 1, 1.0)
    sheet.write(5, 2, 2)
    sheet.write(5, 3, xlwt.Formula("1+2"))
    sheet.write(5, 5, "B")
    normal, lowered = xlwt.XFStyle().font, xlwt.XFStyle().font
    lowered.escapement = xlwt.Font.ESCAPEMENT_SUBSCRIPT
    sheet.write_rich_text(7, 0, (("H", normal), ("2", lowered), ("O 是什么？", normal)))
    for column, text in enumerate(["水", "氧气", "氢气"]):
        sheet.write(7, column + 1, text)
    sheet.write(7, 5, "A")
    sheet.row(7).hidden = True
    second = book.add_sheet("判断题")
    for column, title in enumerate(["题目", "答案"]):
        second.write(0, column, title)
    second.write(1, 0, "声音能在真空里传播。" * 30)
    second.write(1, 1, "×")
    second.write(2, 0, "洗手能减少肠道传染病。")
    second.write(2, 1, True)
    book.save(FOLDER / "usual.xls")


def long_texts():
    """Shared texts that go on over the borders of records."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("题目")
    for column, title in enumerate(["题型", "题干", "A", "B", "答案"]):
        sheet.write(0, column, title)
    for row in range(1, 301):
        sheet.write(row, 0, "单选题")
        sheet.write(row, 1, f"第{row}题：" + "水的性质有哪些，" * 20 + "是？")
        sheet.write(row, 2, f"ascii only {row}")
        sheet.write(row, 3, f"汉字 {row}")
        sheet.write(row, 4, "AB"[row % 2])
    book.save(FOLDER / "long_texts.xls")


if __name__ == "__main__":
    usual()
    long_texts()
