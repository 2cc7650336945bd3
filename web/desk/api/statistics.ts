// How questions did, and how many take part.
import { address, get, part } from './call'
import type { Overview, QuestionStatistics, StatisticsPage } from './types'

export interface StatisticsFilter {
  bank?: string | undefined
  round?: string | undefined
  version?: string | undefined
  from?: string | undefined
  to?: string | undefined
  alarm?: string | undefined
}

export interface StatisticsOrder {
  sort?: string | undefined
  descending?: boolean | undefined
  offset?: number | undefined
  limit?: number | undefined
}

export const statistics = {
  questions: (query: StatisticsFilter & StatisticsOrder) => get<StatisticsPage>('/statistics/questions', query),
  question: (id: string, query: StatisticsFilter) => get<QuestionStatistics>(`/statistics/questions/${part(id)}`, query),
  file: (query: StatisticsFilter) => address('/statistics/export', query),
  overview: (place?: string) => get<Overview>('/statistics/overview', { place }),
}
