// A season that runs, in words: states, what an act will do to whom, how long something lasts.
import type { ActKind, Life, RunningRound } from '../api/types'
import { moment } from './words'

export const LIVES: Record<Life, { say: string; look: string }> = {
  upcoming: { say: '还没开始', look: '' },
  open: { say: '进行中', look: 'right' },
  paused: { say: '暂停中', look: 'bronze' },
  settling: { say: '等最后几份', look: 'jade' },
  closed: { say: '已结束', look: '' },
}

export const ACT_KINDS: readonly (readonly [ActKind, string])[] = [
  ['pause', '暂停'],
  ['resume', '恢复'],
  ['extend', '延长'],
  ['give_time', '补时'],
  ['give_back', '补次数'],
  ['exclude', '取消资格'],
  ['reinstate', '恢复资格'],
  ['rename', '改名'],
  ['hide', '隐藏姓名'],
  ['show', '恢复姓名'],
  ['undo', '撤销'],
]

/** The shortest reason that the server takes. */
export const REASON_LEAST = 4

/** 3 分 20 秒, 2 小时 5 分. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} 秒`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} 分钟` : `${minutes} 分 ${seconds % 60} 秒`
  const hours = Math.floor(minutes / 60)
  return minutes % 60 === 0 ? `${hours} 小时` : `${hours} 小时 ${minutes % 60} 分`
}

export function pauseSays(rounds: readonly RunningRound[], one: RunningRound | null): string {
  const meant = one === null ? rounds.filter(({ state }) => state === 'open' || state === 'settling') : [one]
  const open = meant.reduce((sum, round) => sum + round.open_attempts, 0)
  const which = one === null ? '全部场次' : `「${one.name}」`
  const playing = open > 0 ? `正在答的 ${open} 份答卷马上停住：题目收起来，计时停止，交不了答案。` : '现在没有人在答。'
  return `暂停${which}以后不能再开始。${playing}恢复时，暂停的时间一秒不少地还给每一个人，结束时间也往后推。`
}

export function resumeSays(one: RunningRound | null, now: number): string {
  const since = one?.paused_since
  const which = one === null ? '全部暂停的场次' : `「${one.name}」`
  const stood = since == null ? '' : `已经暂停了 ${lasting(now - since)}。`
  return `${which}马上恢复，停住的计时接着走。${stood}暂停的时间还给每一个人，结束时间同样往后推。`
}

export function extendSays(round: RunningRound, closes: number | null): string {
  const until = closes === null ? '' : `，改到 ${moment(closes)}`
  return `「${round.name}」现在 ${moment(round.closes)} 结束${until}。榜、抽题期和手机上的时间都跟着改；每天、每周的次数不变。`
}

export function giveTimeSays(round: RunningRound, seconds: number | null): string {
  const much = seconds === null ? '' : ` ${lasting(seconds * 1000)}`
  return `正在答「${round.name}」的 ${round.open_attempts} 人，正开着的题和整卷各多${much}。以后才开始的人没有。多出来的时间不算进排名的用时；补了不能收回。`
}

/** The points of a line in a box, over the seconds, the last at the right; 0 at the bottom. */
export function linePoints(values: readonly number[], width: number, height: number, slots: number): string {
  const highest = Math.max(1, ...values)
  const left = slots - values.length
  return values.map((value, place) => `${(((left + place) / Math.max(1, slots - 1)) * width).toFixed(1)},${(height - (value / highest) * height).toFixed(1)}`).join(' ')
}

/** What a `datetime-local` field holds, in this computer's zone. */
export function fieldOf(at: number): string {
  return moment(at).replace(' ', 'T')
}

export function momentOf(field: string): number | null {
  const at = new Date(field).getTime()
  return field === '' || Number.isNaN(at) ? null : at
}
