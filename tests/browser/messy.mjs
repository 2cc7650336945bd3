// A list of questions as offices keep them, from the shipped bank: a title and a note above the header, answers written in every way, a kind told only
// in the stem, a few rows that lack something.
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

/** How different hands write the same answer. */
function answer({ options, key }, hand) {
  if (options === null) return [key, key === '正确' ? '对' : '错', key === '正确' ? '√' : '×'][hand % 3]
  const letters = [...key]
  return [letters.join(''), letters.join('、'), letters.join(',').toLowerCase()][hand % 3]
}

export const HEADER = ['序号', '题目类型', '试题内容', '选项A', '选项B', '选项C', '选项D', '正确答案', '答案解析', '出处', '难易程度', '知识点']

export function messyRows(many) {
  const questions = shipped().filter(({ options }) => options === null || options.length <= 4)
  const step = Math.max(1, Math.floor(questions.length / many))
  const chosen = Array.from({ length: many }, (_, place) => questions[(place * step) % questions.length])
  const rows = chosen.map((question, place) => {
    const options = question.options ?? []
    const toldInStem = question.kind === 'multiple' && place % 2 === 0
    return [
      String(place + 1),
      toldInStem ? '' : KINDS[question.kind],
      toldInStem ? `${question.stem}（多选）` : question.stem,
      ...Array.from({ length: 4 }, (_, at) => options[at] ?? ''),
      answer(question, place),
      question.explanation,
      question.source,
      DIFFICULTIES[question.difficulty],
      question.topic,
    ]
  })
  // One has lost its answer, one names an option that is not there, one is there twice.
  rows[3][7] = ''
  rows[5][7] = 'F'
  rows.push([String(many + 1), ...rows[0].slice(1)])
  return [['2026年科普知识竞赛题库（第二批）'], ['填写说明：请勿改动表头，多选题的答案写在一格里。'], HEADER, ...rows]
}
