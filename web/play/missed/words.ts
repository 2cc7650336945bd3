// The most missed questions of a week as words: for the screen, for a picture, and as a text to pass on.
import { KIND_NAMES, letter } from '../../shared/format'
import type { MissedQuestion, MissedWeek } from '../../shared/protocol'

/** 8月31日—9月6日, from the Monday alone: whole weeks need no time zone. */
export function weekName(monday: string): string {
  const [year = 0, month = 1, day = 1] = monday.split('-').map(Number)
  const first = new Date(Date.UTC(year, month - 1, day))
  const last = new Date(first.getTime() + 6 * 86_400_000)
  const said = (date: Date) => `${date.getUTCMonth() + 1}月${date.getUTCDate()}日`
  return `${said(first)}—${said(last)}`
}

/** 「每 100 人次有 63 次没答对」 in short. */
export const share = ({ shown, missed }: MissedQuestion) => `${Math.round((missed / shown) * 100)}%`

/** The right answer in words: 「正确」 of a true or false question, letters with their options otherwise. */
export function answerOf({ kind, options, key }: MissedQuestion): string {
  if (kind === 'true_false') return key.map((choice) => options[choice] ?? '').join('、')
  return key.map((choice) => `${letter(choice)}. ${options[choice] ?? ''}`).join('；')
}

export const titleOf = (week: MissedWeek) => `一周${week.questions.length === 10 ? '十大' : ''}易错题（${weekName(week.id)}）`

/** What is passed on where no picture can be. */
export function textOf(season: string, week: MissedWeek, address: string): string {
  const one = (question: MissedQuestion, place: number) =>
    [
      `${place + 1}. 【${KIND_NAMES[question.kind]}】${question.stem}`,
      ...(question.kind === 'true_false' ? [] : question.options.map((option, choice) => `   ${letter(choice)}. ${option}`)),
      `   答案：${answerOf(question)}（${share(question)} 没答对）`,
      ...(question.explanation === '' ? [] : [`   解析：${question.explanation}`]),
      ...(question.source === '' ? [] : [`   来源：${question.source}`]),
    ].join('\n')
  return [`${season} ${titleOf(week)}`, ...week.questions.map(one), address].join('\n\n')
}

/** A text in lines that `fits` says fit: broken anywhere but before a mark that closes. */
export function lines(text: string, fits: (line: string) => boolean): string[] {
  const CLOSING = '，。、；：？！）》」』”%'
  const found: string[] = []
  let line = ''
  for (const character of text) {
    if (line === '' || fits(line + character)) {
      line += character
      continue
    }
    if (CLOSING.indexOf(character) >= 0 && line.length > 1) {
      // The mark takes the character before it along.
      const characters = Array.from(line)
      const last = characters.pop() ?? ''
      found.push(characters.join(''))
      line = last + character
    } else {
      found.push(line)
      line = character
    }
  }
  if (line !== '') found.push(line)
  return found
}
