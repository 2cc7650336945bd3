// A spreadsheet as somebody would send it: sheets of texts, percents and merged cells, written without a library.
import { crc32 } from 'node:zlib'

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
const letters = (column) => String.fromCharCode(65 + column)

/** Of a text, or of a number that is shown as a percentage. */
function cell(value, place) {
  if (value === '' || value === undefined) return ''
  if (typeof value === 'number') return `<c r="${place}" s="1"><v>${value}</v></c>`
  return `<c r="${place}" t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`
}
const line = (cells, place) => `<row r="${place + 1}">${cells.map((value, column) => cell(value, `${letters(column)}${place + 1}`)).join('')}</row>`

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
const WHOLE_PERCENT = 9
const EMPTY = { fonts: 'font', fills: 'fill', borders: 'border', cellStyleXfs: 'xf' }
const STYLES = `${HEAD}<styleSheet xmlns="${MAIN}">${Object.entries(EMPTY).map(([all, one]) => `<${all} count="1"><${one}/></${all}>`).join('')}<cellXfs count="2"><xf/><xf numFmtId="${WHOLE_PERCENT}" applyNumberFormat="1"/></cellXfs></styleSheet>`

function worksheet({ rows, merged = [] }) {
  const merges = merged.length === 0 ? '' : `<mergeCells count="${merged.length}">${merged.map((range) => `<mergeCell ref="${range}"/>`).join('')}</mergeCells>`
  return `${HEAD}<worksheet xmlns="${MAIN}"><sheetData>${rows.map(line).join('')}</sheetData>${merges}</worksheet>`
}

/** One sheet. @param rows texts and percents, at most 26 a row */
export const xlsx = (rows, name = '题目') => workbook([{ name, rows }])

/** @param sheets each with its name, its rows and the ranges that are merged, as 'A1:C1' */
export function workbook(sheets) {
  const parts = [
    ['workbook.xml', 'sheet.main'],
    ['styles.xml', 'styles'],
    ...sheets.map((_, place) => [`worksheets/sheet${place + 1}.xml`, 'worksheet']),
  ]
  const overrides = parts.map(([part, type]) => `<Override PartName="/xl/${part}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${type}+xml"/>`).join('')
  const related = parts.slice(1).map(([part, type], place) => `<Relationship Id="r${place}" Type="${OFFICE}/${type}" Target="${part}"/>`).join('')
  const named = sheets.map(({ name }, place) => `<sheet name="${escaped(name)}" sheetId="${place + 1}" r:id="r${place + 1}"/>`).join('')
  return zip({
    '[Content_Types].xml': `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>${overrides}</Types>`,
    '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${named}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${related}</Relationships>`,
    'xl/styles.xml': STYLES,
    ...Object.fromEntries(sheets.map((sheet, place) => [`xl/worksheets/sheet${place + 1}.xml`, worksheet(sheet)])),
  })
}

/** Stored, not compressed. */
function zip(files) {
  const bodies = []
  const entries = []
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const [path, body] = [Buffer.from(name), Buffer.from(text)]
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(crc32(body), 10)
    common.writeUInt32LE(body.length, 14)
    common.writeUInt32LE(body.length, 18)
    common.writeUInt16LE(path.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, body])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, rest, path]))
    bodies.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...bodies, directory, Buffer.from('PK\x05\x06'), end])
}
