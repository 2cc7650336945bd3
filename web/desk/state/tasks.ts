// What should I do next? From what the API tells, the most pressing first.
import type { AlarmCode, Bank, Grant, Import, StatisticsPage } from '../api/types'
import { has } from './roles'
import { writeRoute } from './route'
import { ALARMS } from './statistics'

export interface Task {
  /** What is to be done, and why. */
  say: string
  why: string
  act: string
  to: string
  /** How many things wait, where that can be counted. */
  count?: number
}

export interface Known {
  roles: readonly Grant[]
  banks: readonly Bank[]
  /** Questions that wait for my review, by bank. */
  reviews: Readonly<Record<string, number>>
  /** Questions of mine that came back. */
  returned: Readonly<Record<string, number>>
  imports: readonly Import[]
  /** Questions that were reported and have no answer yet; corrections that another proposed; complaints that are with me. */
  reported?: number
  corrections?: number
  complaints?: number
  /** How many questions have each of the alarms of their statistics. */
  alarms?: StatisticsPage['alarms']
  /** Whether this person has a second factor; unknown: nothing is said of it. */
  secondFactor?: boolean
}

export function tasksOf(known: Known): Task[] {
  return [...ofCitizens(known), ...ofAlarms(known), ...ofReviews(known), ...ofReturned(known), ...ofImports(known), ...ofBanks(known), ...ofMyself(known)]
}

/** What citizens wait for comes first. */
function ofCitizens({ reported = 0, corrections = 0, complaints = 0 }: Known): Task[] {
  const tasks: Task[] = []
  if (complaints > 0) tasks.push({ say: `办 ${complaints} 件反映`, why: '市民反映的事在您手里，先看答卷的经过，再解释、转交或者办结。', act: '去接访', to: writeRoute(['complaints']), count: complaints })
  if (corrections > 0) tasks.push({ say: `决定 ${corrections} 份更正`, why: '别人提出了题目的更正，预览已经做好，要由您这样的另一个人决定。', act: '去决定', to: writeRoute(['corrections']), count: corrections })
  if (reported > 0) tasks.push({ say: `看 ${reported} 道被报告的题`, why: '选手报告题目有问题，有疑问的先停用，再更正或者回复。', act: '去看报告', to: writeRoute(['reports']), count: reported })
  return tasks
}

const nameOf = (banks: readonly Bank[], id: string) => banks.find((bank) => bank.id === id)?.name ?? id

/** What cannot wait: a key that may be wrong, a question that may be out. */
const PRESSING: readonly (readonly [AlarmCode, string])[] = [
  ['best_choose_wrong', '成绩最好的人反而选了别的选项，答案可能写错了。'],
  ['facility_jump', '答对的人一天之内多了很多，题目可能外传了。'],
  ['time_collapse', '答题突然快了很多，题目可能外传了。'],
]

function ofAlarms({ alarms }: Known): Task[] {
  return PRESSING.flatMap(([alarm, why]) => {
    const count = alarms?.[alarm] ?? 0
    return count === 0 ? [] : [{ say: `看看 ${count} 道题：${ALARMS[alarm]}`, why, act: '看统计', to: writeRoute(['statistics'], { alarm }), count }]
  })
}

function ofReviews({ banks, reviews }: Known): Task[] {
  return Object.entries(reviews)
    .filter(([, count]) => count > 0)
    .map(([bank, count]) => ({ say: `审 ${count} 道题`, why: `「${nameOf(banks, bank)}」有题等您审，通过或者写明理由退回。`, act: '去审题', to: writeRoute(['review'], { bank }), count }))
}

function ofReturned({ banks, returned }: Known): Task[] {
  return Object.entries(returned)
    .filter(([, count]) => count > 0)
    .map(([bank, count]) => ({
      say: `改 ${count} 道退回的题`,
      why: `「${nameOf(banks, bank)}」的审题人写了理由，改好后再送审。`,
      act: '去修改',
      to: writeRoute(['banks', bank, 'questions'], { state: 'returned', author: 'me' }),
      count,
    }))
}

function ofImports({ imports }: Known): Task[] {
  return imports
    .filter(({ state }) => state === 'preview' || state === 'reading' || state === 'saving')
    .map(({ id, name, counts, state }) => {
      const left = counts.ready + counts.to_check
      if (state !== 'preview') return { say: `等「${name}」处理完`, why: '正在后台进行，可以先做别的。', act: '看进度', to: writeRoute(['imports', id]) }
      return {
        say: `接着导入「${name}」`,
        why: `${counts.ready} 道可导入，${counts.to_check} 道待核对，还没有存入题库。`,
        act: '接着导入',
        to: writeRoute(['imports', id]),
        count: left,
      }
    })
}

function ofBanks({ roles, banks }: Known): Task[] {
  if (banks.length === 0) {
    if (!has(roles, 'administrator')) return []
    return [{ say: '建第一个题库', why: '可以先用随附的示例题库，也可以导入自己的文件。', act: '看上手指引', to: writeRoute(['guide']) }]
  }
  const tasks: Task[] = []
  for (const bank of banks) {
    const { may } = bank
    const { draft, approved, published, submitted, returned, rested } = bank.counts
    if (may.publish && approved > 0)
      tasks.push({ say: `发布「${bank.name}」`, why: `${approved} 道题已经通过审核，还没有发布。`, act: '看发布前的核对', to: writeRoute(['banks', bank.id, 'publish']), count: approved })
    if (may.write && draft > 0)
      tasks.push({ say: `把 ${draft} 道草稿送审`, why: `「${bank.name}」的草稿送审以后，别人才能审。`, act: '看草稿', to: writeRoute(['banks', bank.id, 'questions'], { state: 'draft' }), count: draft })
    if (may.write && draft + approved + published + submitted + returned + rested === 0)
      tasks.push({ say: `往「${bank.name}」里放题`, why: '题库还是空的，可以导入文件，也可以一道一道录入。', act: '导入文件', to: writeRoute(['banks', bank.id, 'imports']) })
  }
  return tasks
}

function ofMyself({ secondFactor }: Known): Task[] {
  if (secondFactor !== false) return []
  return [{ say: '给自己加上第二重验证', why: '密码泄露时，别人也登录不了。', act: '去设置', to: writeRoute(['me']) }]
}
