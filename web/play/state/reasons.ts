// Why I stand where I stand, in one sentence, from my neighbours on the board.
import type { Board, BoardEntry } from '../../shared/protocol'
import { count, elapsed } from '../../shared/format'

export function reasonOf(board: Board): string | null {
  const { me, neighbours } = board
  if (me === undefined) return null
  if (me.rank === 1) return '你排在第 1 名'
  const above = neighbours?.find((entry) => entry.rank === me.rank - 1)
  return above === undefined ? null : compare(me, above)
}

function compare(me: NonNullable<Board['me']>, above: BoardEntry): string {
  const who = `第 ${count(above.rank)} 名`
  if (above.score !== me.score) return `比${who}少 ${above.score - me.score} 分`
  const more = me.elapsed_ms - above.elapsed_ms
  if (more >= 50) return `与${who}同分，用时多 ${elapsed(more)}`
  if (more > 0) return `与${who}同分，用时只多 ${more} 毫秒`
  if (above.finished_at < me.finished_at) return `与${who}同分同用时，交卷晚一些`
  return `与${who}成绩完全相同，按答卷先后排`
}

/** The top, then (where I am further down) a gap and those around me: `null` is the gap. */
export function rowsOf(board: Board): (BoardEntry | null)[] {
  const mine = board.me?.rank
  const top = board.entries.map((entry) => (entry.rank === mine ? { ...entry, me: true } : entry))
  const last = top.length === 0 ? 0 : top[top.length - 1]!.rank
  const around = (board.neighbours ?? []).filter((entry) => entry.rank > last)
  if (around.length === 0) return top
  return around[0]!.rank === last + 1 ? [...top, ...around] : [...top, null, ...around]
}
