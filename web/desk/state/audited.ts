// What the audit log has of an act, in words: about whom or what it was, and before and after as a table of what differs. What has no
// word here is shown by its code: the log must never hide anything.
import { diffText, type Piece } from './diff'
import { ROLES, placeLabel, type Place } from './roles'
import { STANDINGS, STATES, formatName, partName } from './words'

/** What the codes of the log stand for. */
export interface Known {
  people: ReadonlyMap<string, string>
  banks: ReadonlyMap<string, string>
  places: readonly Place[]
}

export interface Difference {
  path: string
  pieces: Piece[]
}

/** `staff:4PT5` → 陆工; `bank:kexue` → 题库「科学」. */
export function subjectName(subject: string, { people, banks, places }: Known): string {
  if (subject === 'season') return '本赛季'
  const [kind, id] = partsOf(subject)
  switch (kind) {
    case 'staff':
      return id === 'unknown' ? '没有这个登录名' : (people.get(id) ?? `已不在名单上的人 ${id}`)
    case 'bank':
      return `题库「${banks.get(id) ?? id}」`
    case 'picture':
      return `图片 ${id.slice(0, 8)}`
    default:
      return kind in THINGS ? `${THINGS[kind]} ${id}` : placeLabel(places, subject) || subject
  }
}

function partsOf(subject: string): [kind: string, id: string] {
  const at = subject.indexOf(':')
  return at < 0 ? [subject, ''] : [subject.slice(0, at), subject.slice(at + 1)]
}

const THINGS: Record<string, string> = { question: '题目', import: '导入', participant: '选手', attempt: '答卷', complaint: '反映', correction: '更正', notice: '公告', round: '场次', act: '运行中的操作' }
const PAGES: Record<string, string> = { question: 'questions', import: 'imports', participant: 'participants', attempt: 'attempts', complaint: 'complaints', correction: 'corrections' }

/** The page of what an act was about, where it has one. */
export function subjectPage(subject: string): [page: string, id: string] | null {
  const [kind, id] = partsOf(subject)
  const page = PAGES[kind]
  return page === undefined ? null : [page, id]
}

const PATHS: Record<string, string> = {
  login: '登录名',
  name: '名称',
  roles: '角色',
  state: '状态',
  standing: '结果',
  session: '登录编号',
  sessions_ended: '退出的登录',
  second_factor: '第二重验证',
  wrong: '哪里不对',
  call: '请求',
  why: '原因',
  permission: '要的权限',
  asked_by: '先请求的人',
  asked_because: '先请求的理由',
  bank: '题库',
  reviews: '审次',
  version: '版本',
  digest: '校验值',
  questions: '题目',
  added: '新增',
  changed: '改动',
  removed: '移出',
  in_season: '赛季正在用',
  format: '格式',
  bytes: '字节',
  revision: '第几稿',
  approvals: '通过的人',
  parts: '题目内容',
  contributor: '供题单位',
  row: '第几题',
  rows: '第几题',
  code: '推定的代码',
  columns: '各列',
  defaults: '默认值',
  sheet: '工作表',
  required: '规定写法',
  forbidden: '不宜用的词',
  what: '改成',
  not_written_down_before: '此前没有写下的次数',
}

/** `parts.option:1` → 题目内容 · 选项 B; `roles.0` → 角色 1. */
export function pathName(path: string): string {
  return path
    .split('.')
    .map((step) => (/^\d+$/.test(step) ? String(Number(step) + 1) : (PATHS[step] ?? partName(step))))
    .join(' · ')
    .replace(/ · (\d+)(?= ·|$)/g, ' $1')
}

const VALUES: Record<string, Record<string, string>> = {
  state: { ...STATES, active: '可以登录', invited: '已邀请', disabled: '已停用' },
  standing: STANDINGS,
  wrong: { password: '密码', code: '验证码' },
  second_factor: { code: '验证码', recovery: '恢复码' },
}

function valueName(path: string, value: string, { people, banks, places }: Known): string {
  const steps = path.split('.')
  const last = steps.filter((step) => !/^\d+$/.test(step)).at(-1) ?? ''
  if (value === 'true' || value === 'false') return value === 'true' ? '是' : '否'
  if (last === 'roles') {
    const [role = '', scope] = value.split(/\/(.*)/s)
    const name = role in ROLES ? ROLES[role as keyof typeof ROLES].name : role
    return scope === undefined ? name : `${name}（${banks.get(scope) ?? (placeLabel(places, scope) || scope)}）`
  }
  if (last === 'approvals' || last === 'asked_by') return people.get(value) ?? value
  if (last === 'bank') return banks.get(value) ?? value
  if (last === 'format') return formatName(value)
  return VALUES[last]?.[value] ?? value
}

export function differences(before: unknown, after: unknown, known: Known): Difference[] {
  const a = flat(before)
  const b = flat(after)
  const paths = [...new Set([...a.keys(), ...b.keys()])]
  const side = (of: Map<string, string>, path: string) => {
    const value = of.get(path)
    return value === undefined ? '' : valueName(path, value, known)
  }
  return paths.filter((path) => a.get(path) !== b.get(path)).map((path) => ({ path: pathName(path), pieces: diffText(side(a, path), side(b, path)) }))
}

function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (value === undefined || value === null) return into
  if (typeof value !== 'object') into.set(path, String(value))
  else for (const [key, below] of Object.entries(value)) flat(below, path === '' ? key : `${path}.${key}`, into)
  return into
}
