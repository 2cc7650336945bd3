// What a list of questions shows: kept in the address, so that it can be sent to somebody and gone back to.
import type { Kind, QuestionFilter, State } from '../api/types'
import { DIFFICULTIES, KINDS, STATES } from './words'

export const PAGE = 50

export interface Looking {
  filter: QuestionFilter
  sort: string
  page: number
}

export const SORTS = { updated: '最近修改在前', made: '最近录入在前', topic: '按主题', difficulty: '按难度', id: '按编号' } as const
const USUAL_SORT = 'updated'

type Query = Record<string, string>

export function readLooking(query: Query): Looking {
  const filter: QuestionFilter = {}
  const { q, topic, difficulty, kind, state, author, contributor, sort, page } = query
  if (q) filter.q = q
  if (topic) filter.topic = topic
  if (difficulty !== undefined && difficulty in DIFFICULTIES) filter.difficulty = Number(difficulty)
  if (kind !== undefined && kind in KINDS) filter.kind = kind as Kind
  if (state !== undefined && state in STATES) filter.state = state as State
  if (author) filter.author = author
  if (contributor) filter.contributor = contributor
  const wanted = Number(page)
  return {
    filter,
    sort: sort !== undefined && sort in SORTS ? sort : USUAL_SORT,
    page: Number.isInteger(wanted) && wanted > 0 ? wanted : 1,
  }
}

export function writeLooking({ filter, sort, page }: Looking): Query {
  const query: Query = {}
  for (const [key, value] of Object.entries(filter)) if (value !== undefined && value !== '') query[key] = String(value)
  if (sort !== USUAL_SORT) query['sort'] = sort
  if (page > 1) query['page'] = String(page)
  return query
}

/** Another filter shows its first page. */
export function narrowed(looking: Looking, change: { [K in keyof QuestionFilter]?: QuestionFilter[K] | undefined }): Looking {
  const merged = { ...looking.filter, ...change }
  const filter = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined && value !== '')) as QuestionFilter
  return { ...looking, filter, page: 1 }
}

export const offsetOf = (looking: Looking) => (looking.page - 1) * PAGE

/** How many filters are set, besides the text. */
export const filterCount = ({ filter }: Looking) => Object.keys(filter).filter((key) => key !== 'q').length
