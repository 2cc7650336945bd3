// Lists of questions as offices keep them, from the shipped bank: a title and a note above the header, answers written in every way, a kind told only
// in the stem, a few rows that lack something. One short, one of 2,000 rows by three hands.
import { readFileSync, readdirSync } from 'node:fs'

const BANK = new URL('../../question-bank/kexue/', import.meta.url)
const KINDS = { true_false: '判断', single: '单选题', multiple: '多选' }
const DIFFICULTIES = { 1: '易', 2: '中等', 3: '难' }

/** The shipped questions, in the order of their files. */
export function shipped() {
  return readdirSync(BANK)
    .sort()
    .flatMap((name) => {
      const [head, ...blocks] = readFileSync(new URL(name, BANK), 'utf8').split('[[question]]')
      const topic = value(head, 'topic')
      return blocks.map((block) => ({ topic, ...Object.fromEntries(FIELDS.map((key) => [key, value(block, key)])) }))
    })
}

const FIELDS = ['kind', 'difficulty', 'stem', 'options', 'key', 'explanation', 'source']
const value = (block, key) => JSON.parse(block.match(new RegExp(`^${key} = (.*)$`, 'm'))?.[1] ?? 'null')
const letter = (place) => String.fromCharCode(65 + place)
const wide = (text) => text.replace(/[A-Z]/g, (sign) => String.fromCodePoint(sign.codePointAt(0) + 0xfee0))

/** How different hands write the same answer. */
function answer({ options, key }, hand) {
  if (options === null) return [key, key === '正确' ? '对' : '错', key === '正确' ? '√' : '×'][hand % 3]
  const letters = [...key]
  return [letters.join(''), letters.join('、'), letters.join(',').toLowerCase(), wide(key)][hand % 4]
}

export const HEADER = ['序号', '题目类型', '试题内容', '选项A', '选项B', '选项C', '选项D', '正确答案', '答案解析', '出处', '难易程度', '知识点']
const [KEY, TOPIC] = [HEADER.indexOf('正确答案'), HEADER.indexOf('知识点')]

/** A question of at most four options under `HEADER`. `toldInStem`: its kind stands only there. */
const rowOf = (question, place, toldInStem) => [
  String(place + 1),
  toldInStem ? '' : KINDS[question.kind],
  toldInStem ? `${question.stem}（多选）` : question.stem,
  ...Array.from({ length: 4 }, (_, at) => question.options?.[at] ?? ''),
  answer(question, place),
  question.explanation,
  question.source,
  DIFFICULTIES[question.difficulty],
  question.topic,
]

export function messyRows(many) {
  const questions = shipped().filter(({ options }) => options === null || options.length <= 4)
  const step = Math.max(1, Math.floor(questions.length / many))
  const chosen = Array.from({ length: many }, (_, place) => questions[(place * step) % questions.length])
  const rows = chosen.map((question, place) => rowOf(question, place, question.kind === 'multiple' && place % 2 === 0))
  // One has lost its answer, one names an option that is not there, one is there twice.
  rows[3][KEY] = ''
  rows[5][KEY] = 'F'
  rows.push([String(many + 1), ...rows[0].slice(1)])
  return [['2026年科普知识竞赛题库（第二批）'], ['填写说明：请勿改动表头，多选题的答案写在一格里。'], HEADER, ...rows]
}

/** Rows of questions in the large workbook, and how many of them are refused, have to be looked at, or lack what a review asks for, by what is the matter. */
export const MESS = { rows: 2_000, lostKeys: 4, wrongLetters: 3, gaps: 2, kindsInStem: 23, kindsUnsaid: 40, keysByNumber: 3, twice: 4, unexplained: 12 }

/** Options that are numbers, which a table keeps as percentages. */
const PERCENTS = [
  ['干燥空气中氮气约占体积的多少？', [0.21, 0.78, 0.5, 0.93], 'B'],
  ['干燥空气中氧气约占体积的多少？', [0.21, 0.78, 0.04, 0.35], 'A'],
  ['地球表面约有多少被海洋覆盖？', [0.29, 0.5, 0.71, 0.9], 'C'],
  ['地球上的水约有多少是咸水？', [0.97, 0.69, 0.31, 0.5], 'A'],
].map(([stem, options, key]) => ({ topic: '科学素养与科学方法', kind: 'single', difficulty: 1, stem, options, key, explanation: '数值见来源中的表。', source: '《中国大百科全书》' }))

/** A question asked again as statements: each of its options is said to be an answer. */
const statementsOf = ({ stem, options, key, ...rest }) =>
  options.map((option, place) => ({ ...rest, kind: 'true_false', stem: `对于“${stem}”，回答“${option}”是正确的。`, options: null, key: key.includes(letter(place)) ? '正确' : '错误' }))

/** Three sheets of three hands; `questions` are those that the whole is made of, as they ought to be read. */
export function messyBook() {
  const all = shipped()
  const choices = [...PERCENTS, ...all.filter(({ options }) => options?.length === 4)]
  const manyOptions = all.filter(({ options }) => options?.length > 4)
  const statements = [...all.filter(({ options }) => options === null), ...all.filter(({ options }) => options !== null).flatMap(statementsOf)]
  const judged = statements.slice(0, MESS.rows - MESS.twice - choices.length - manyOptions.length)
  return { questions: [...choices, ...manyOptions, ...judged], sheets: [choiceSheet(choices), judgedSheet(judged), manySheet(manyOptions)] }
}

/** Title and note over the whole table; the topic is written once for all that follow. */
function choiceSheet(questions) {
  const head = [['2026年科普知识竞赛题库（第三批）'], ['填写说明：请勿改动表头，多选题的答案写在一格里。'], [], HEADER]
  let inStem = 0
  const rows = questions.map((question, place) => rowOf(question, place, question.kind === 'multiple' && inStem++ < MESS.kindsInStem))
  rows.slice(10, 10 + MESS.lostKeys).forEach((row) => (row[KEY] = ''))
  rows.slice(30, 30 + MESS.wrongLetters).forEach((row) => (row[KEY] = 'F'))
  rows.forEach((row, place) => place % 7 === 0 && (row[2] = `\u00a0${row[2]}\u00a0`))
  const last = letter(HEADER.length - 1)
  return { name: '市里的', rows: [...head, ...rows], merged: [`A1:${last}1`, `A2:${last}2`, ...mergedDown(rows, TOPIC, head.length + 1)] }
}

/** Leaves a value in the first row of each run of it; the ranges to merge, if the first row is the `first` of its sheet. */
function mergedDown(rows, column, first) {
  const ranges = []
  for (let from = 0, to = 0; from < rows.length; from = ++to) {
    while (rows[to + 1]?.[column] === rows[from][column]) rows[++to][column] = ''
    if (to > from) ranges.push(`${letter(column)}${first + from}:${letter(column)}${first + to}`)
  }
  return ranges
}

/** Gaps, the header once more and a note among the rows; kinds forgotten, kinds that are not played here, rows pasted twice. */
function judgedSheet(questions) {
  const header = ['编号', '类型', '题干', '答案', '解析', '来源', '难度', '所属领域']
  const rows = questions.map((question, place) => [`P${place + 1}`, KINDS.true_false, question.stem, answer(question, place), question.explanation, question.source, DIFFICULTIES[question.difficulty], question.topic])
  rows.slice(0, MESS.kindsUnsaid).forEach((row) => (row[1] = ''))
  rows.slice(60, 60 + MESS.unexplained).forEach((row) => (row[4] = ''))
  rows.slice(100, 100 + MESS.gaps).forEach((row) => (row[1] = '填空题'))
  const again = rows.slice(200, 200 + MESS.twice).map(([number, ...row]) => [`${number}-2`, ...row])
  const half = rows.length >> 1
  return { name: '各县报送', rows: [['各县报送的题目'], header, ...rows.slice(0, half), [], [], ['注：以下各题由县科协补充。'], header, ...rows.slice(half), ...again] }
}

/** Options in one cell, each on a line of its own. */
function manySheet(questions) {
  const header = ['题型', '题目', '备选答案', '标准答案', '详解', '依据', '难度等级', '分类', '供题单位']
  const rows = questions.map((question, place) => [
    '多项选择题',
    question.stem,
    question.options.map((option, at) => `${letter(at)}. ${option}`).join('\n'),
    place < MESS.keysByNumber ? [...question.key].map((one) => one.charCodeAt(0) - 64).join('、') : answer(question, place),
    question.explanation,
    question.source,
    DIFFICULTIES[question.difficulty],
    question.topic,
    '柳州市科技馆',
  ])
  return { name: '科技馆', rows: [header, ...rows] }
}
