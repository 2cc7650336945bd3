// What a round allows me now, in words.
import { closing as closesAt, limit, until } from '../../shared/format'
import type { Me, MyRound, Round } from '../../shared/protocol'

/** Later than any season ends: one that is always open. */
export const ENDLESS_FROM = 4_102_444_800_000

export interface Standing {
  /** May I start now? */
  playable: boolean
  /** The chip: 今天还可答 2 次. */
  chip: string
}

export function standingIn(round: Round, me: Me | null, now: number, zone: string): Standing {
  switch (round.state) {
    case 'upcoming': {
      const left = round.opens - now
      return { playable: false, chip: left > 0 ? `${until(left)}后开始` : '马上开始' }
    }
    case 'paused':
      return { playable: false, chip: '暂停中' }
    case 'settling':
      return { playable: false, chip: '正在结算' }
    case 'closed':
      return { playable: false, chip: '已结束' }
    case 'open':
      return open(round, me, now, zone)
    default: {
      round.state satisfies never
      return { playable: false, chip: '' }
    }
  }
}

function open(round: Round, me: Me | null, now: number, zone: string): Standing {
  if (me === null) return { playable: true, chip: closing(round, now, zone) ?? '进行中' }
  const { group } = me.participant
  if (round.groups !== undefined && round.groups.length > 0 && (group === undefined || !round.groups.includes(group))) {
    return { playable: false, chip: '限其他组别参加' }
  }
  const mine = me.rounds.find(({ id }) => id === round.id)
  const used = usedUp(mine)
  if (used !== null) return { playable: false, chip: used }
  return { playable: true, chip: leftWords(mine) ?? closing(round, now, zone) ?? '不限次数' }
}

function usedUp(mine: MyRound | undefined): string | null {
  if (mine?.left === 0) return '次数已用完'
  if (mine?.left_week === 0) return '本周次数已用完'
  if (mine?.left_today === 0) return '今天次数已用完'
  return null
}

/** The tightest of the limits, in its own words. */
export function leftWords(mine: MyRound | undefined): string | null {
  const limits: [string, number | undefined][] = [
    ['今天', mine?.left_today],
    ['本周', mine?.left_week],
    ['', mine?.left],
  ]
  let tightest: [string, number] | null = null
  for (const [when, left] of limits) {
    if (left !== undefined && (tightest === null || left < tightest[1])) tightest = [when, left]
  }
  return tightest === null ? null : `${tightest[0]}还可答 ${tightest[1]} 次`
}

function closing(round: Round, now: number, zone: string): string | null {
  const left = round.closes - now
  if (round.closes >= ENDLESS_FROM || left > 24 * 3_600_000) return null
  return left > 0 ? `${closesAt(round.closes, zone).replace(/^.* /, '')} 截止` : '正在结算'
}

/** A round in a line. A server that says it itself is believed. */
export function summaryOf(round: Round): string {
  if (round.summary !== undefined) return round.summary
  const parts = [`${round.of} 题`]
  if (round.question_ms !== undefined) parts.push(`每题 ${limit(round.question_ms)}`)
  if (round.paper_ms !== undefined) parts.push(`整卷 ${limit(round.paper_ms)}`)
  if (round.ends_at_first_wrong) parts.push('答错即止')
  parts.push(round.counts ? '同分看用时' : '不计成绩')
  return parts.join(' · ')
}

/** The round that the home screen's one button leads to: counted before practice, in the season's order. */
export function mainRound(rounds: Round[], playable: (round: Round) => boolean): Round | null {
  return rounds.find((round) => round.counts && playable(round)) ?? rounds.find(playable) ?? null
}

export interface Arranged {
  /** To be played now, and the next that opens. */
  near: Round[]
  /** The rest: later ones by their opening, then those that are over, the latest first. */
  rest: Round[]
}

/** A long season has a round a week: the home screen shows what matters now and folds the rest. */
export function arrange(rounds: Round[]): Arranged {
  const by = (...states: Round['state'][]) => rounds.filter(({ state }) => states.includes(state))
  const [next, ...later] = by('upcoming').sort((a, b) => a.opens - b.opens)
  const over = by('closed').sort((a, b) => b.closes - a.closes)
  const near = [...by('open', 'paused', 'settling'), ...(next === undefined ? [] : [next])]
  // A season that is over, or has only just begun, is shown whole: folded, it would look empty.
  return near.length > 0 && over.length + later.length > 1 ? { near, rest: [...later, ...over] } : { near: [...near, ...later, ...over], rest: [] }
}

/** May its questions be gone through now? */
export function reviewOpen(round: Round | undefined): boolean {
  if (round === undefined) return false
  if (round.feedback === 'after_each' || round.feedback === 'after_paper') return true
  return round.feedback === 'after_round' && round.state === 'closed'
}
