// The way of a file into a bank: which step it is at, and what its rows look like after each answer of the server.
import type { Import, ImportRow, RowPage, RowRemark, RowsFilter } from '../api/types'

export type Step = 'reading' | 'mapping' | 'rows' | 'saving' | 'done' | 'failed'

/** `remap`: the person wants to see the columns again. */
export function stepOf(job: Import, remap: boolean): Step {
  switch (job.state) {
    case 'reading':
      return 'reading'
    case 'preview':
      return job.mapping_needed || remap ? 'mapping' : 'rows'
    case 'saving':
      return 'saving'
    case 'saved':
      return 'done'
    case 'failed':
      return 'failed'
    default:
      return job.state satisfies never
  }
}

export const STEPS = ['选文件', '对列名', '核对题目', '存入题库'] as const

/** Which of `STEPS` a person is at, from 0. */
export function stepNumber(step: Step): number {
  return { reading: 0, failed: 0, mapping: 1, rows: 2, saving: 3, done: 4 }[step]
}

export interface Pile {
  standing: RowsFilter
  name: string
  what: string
  count: number
}

/** The piles of the preview, those that exist; the three of every file always. */
export function pilesOf({ counts }: Import): Pile[] {
  const piles: Pile[] = [
    { standing: 'ready', name: '可导入', what: '读得明白，确认后存为草稿', count: counts.ready },
    { standing: 'to_check', name: '待核对', what: '有地方是推定的，请看一眼', count: counts.to_check },
    { standing: 'refused', name: '不能导入', what: '缺了必要的内容，请补上或跳过', count: counts.refused },
  ]
  if (counts.same > 0) piles.push({ standing: 'same', name: '重复', what: '与题库或文件里的另一道题相同', count: counts.same })
  if (counts.saved > 0) piles.push({ standing: 'saved', name: '已导入', what: '已经是题库里的草稿', count: counts.saved })
  if (counts.skipped > 0) piles.push({ standing: 'skipped', name: '已跳过', what: '不导入，可以放回来', count: counts.skipped })
  return piles
}

/** Where to begin: what needs a person, else what is ready. */
export function firstPile({ counts }: Import): RowsFilter {
  if (counts.to_check > 0) return 'to_check'
  if (counts.refused > 0) return 'refused'
  return counts.ready > 0 || counts.saved === 0 ? 'ready' : 'saved'
}

/** The kinds of assumption on a page of which some row hangs on one alone, each with how it reads in the first; `varies`: in others otherwise. */
export function soleDoubts(rows: readonly ImportRow[]): { code: string; say: string; varies: boolean }[] {
  const found = new Map<string, { code: string; say: string; varies: boolean }>()
  for (const { remarks } of rows) {
    const doubts = remarks.filter(({ gravity }) => gravity === 'to_check')
    const first = doubts[0]
    if (first === undefined || doubts.some(({ code }) => code !== first.code)) continue
    const known = found.get(first.code)
    if (known === undefined) found.set(first.code, { code: first.code, say: first.message, varies: false })
    else known.varies ||= known.say !== first.message
  }
  return [...found.values()]
}

/** A row as the server answered: it may have left the pile that is shown. */
export function rowAnswered(page: RowPage, pile: RowsFilter, row: ImportRow): RowPage {
  const stays = row.standing === pile || (pile === 'same' && row.standing !== 'skipped' && row.similar.some(({ same }) => same))
  if (stays) return { ...page, items: page.items.map((one) => (one.n === row.n ? row : one)) }
  const items = page.items.filter(({ n }) => n !== row.n)
  return { items, total: page.total - (page.items.length - items.length) }
}

/** Counts move at once with a row that changed, before the server is asked again. */
export function recounted(job: Import, before: ImportRow, after: ImportRow): Import {
  const counts = { ...job.counts }
  counts[before.standing] -= 1
  counts[after.standing] += 1
  return { ...job, counts }
}

/** The remarks of a cell; those of the whole row have no part of their own. */
export const remarksAt = (remarks: readonly RowRemark[], part: string) => remarks.filter((remark) => remark.part === part)

/** The gravest first. */
export function byGravity(remarks: readonly RowRemark[]): RowRemark[] {
  const weight = { refused: 0, to_check: 1, note: 2 }
  return [...remarks].sort((a, b) => weight[a.gravity] - weight[b.gravity])
}

export function percent({ done, of }: { done: number; of: number }): number {
  return of === 0 ? 0 : Math.min(100, Math.floor((done * 100) / of))
}
