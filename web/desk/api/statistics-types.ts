// What the desk is told of statistics. Fractions are of 1; what they mean stands in docs/statistics.md.
import type { Difficulty, Kind } from './types'

export type AlarmCode = 'best_choose_wrong' | 'facility_jump' | 'time_collapse' | 'nobody_chooses'

export interface Alarm {
  code: AlarmCode
  option?: number
  day?: string
  sentence: string
}

export interface OptionFigures {
  /** By the bank's order, whatever order a paper showed. */
  index: number
  text: string
  key: boolean
  chosen: number
  share: number | null
  share_top: number | null
  share_bottom: number | null
}

export interface QuestionFigures {
  question: string
  bank: string
  kind: Kind
  topic: string
  difficulty: Difficulty
  stem: string
  versions: number[]
  shown: number
  right: number
  answered: number
  passed: number
  timed_out: number
  left: number
  facility: number | null
  sd: number | null
  discrimination_index: number | null
  discriminative_efficiency: number | null
  mean_ms: number | null
  /** How many papers are in each of the groups of the best and the weakest; 0: too few for groups. */
  group: number
  options: OptionFigures[]
  alarms: Alarm[]
}

export interface StatisticsRound {
  id: string
  name: string
  counts: boolean
}

export interface StatisticsVersion {
  bank: string
  version: number
  questions: number
  rounds: string[]
  since: number
}

export interface StatisticsPage {
  /** Absent while the ledger is read through after a start. */
  as_of?: number
  items: QuestionFigures[]
  total: number
  alarms: Partial<Record<AlarmCode, number>>
  rounds: StatisticsRound[]
  versions: StatisticsVersion[]
}

export interface DayFigures {
  day: string
  shown: number
  right: number
  facility: number | null
  mean_ms: number | null
}

export interface QuestionStatistics extends QuestionFigures {
  as_of?: number
  days: DayFigures[]
  rounds: StatisticsRound[]
  versions_used: StatisticsVersion[]
}

export interface DayCount {
  day: string
  starts: number
  participants: number
}

export interface HourCount {
  hour: number
  starts: number
  participants: number
}

export interface PlaceCount {
  place: string
  name: string
  starts: number
  participants: number
}

export interface Overview {
  as_of?: number
  place: string
  name: string
  starts: number
  participants: number
  days: DayCount[]
  hours: HourCount[]
  places: PlaceCount[]
}
