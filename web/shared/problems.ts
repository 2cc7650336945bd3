// One Chinese sentence for each code of the wire, which says what to do next.
import type { Code, HttpCode } from './protocol'

const SENTENCES: Record<Code | HttpCode, string> = {
  bad_message: '这一步没有成功，请刷新页面再试。',
  hello_first: '连接还没准备好，请稍等几秒再试。',
  unknown_token: '登录已失效，请用恢复码重新登录。',
  participants_only: '请先报名，再来答题。',
  season_not_open: '赛季现在不开放，请看首页上的起止时间。',
  round_not_open: '这个场次现在不开放，请看场次的起止时间。',
  round_paused: '场次暂停中，时间会补给大家，请稍后再来。',
  unknown_round: '没有找到这个场次，请回首页重新选择。',
  attempts_exhausted: '答题次数已用完，请看还有没有别的场次。',
  attempt_in_progress: '你有一份答卷还没答完，请先继续答完它。',
  unknown_attempt: '没有找到这份答卷，请回首页再看。',
  wrong_seq: '题目已经往前走了，页面正在跟上，请稍等。',
  too_late: '这一题的时间已到，请接着答下一题。',
  already_answered: '这一题已经交过答案，以先交的为准。',
  bad_choices: '选项不对，请重新选择后再提交。',
  not_eligible: '你还不符合这个场次的参加条件，请看规则。',
  rate_limited: '操作太快了，请稍等几秒再试。',
  busy: '现在人多，请稍等几秒再试。',
  unavailable: '服务器暂时没准备好，请稍等一会儿再试。',
  excluded: '你的参赛资格有问题，请联系主办方。',
  bad_request: '填写的内容不对，请检查后再提交。',
  unauthorised: '登录已失效，请用恢复码重新登录。',
  not_found: '没有找到，请检查后再试。',
  too_large: '内容太长，请缩短后再提交。',
}

/** What to tell the person. The server's own sentence stands in for codes that this client does not know. */
export function sentenceFor(code: string, fallback?: string): string {
  const known = (SENTENCES as Record<string, string | undefined>)[code]
  return known ?? (fallback || '没有成功，请稍后再试。')
}

/** Some refusals say more in the server's words than in ours: what was wrong with a name, when a round opens. */
const SERVER_KNOWS_BETTER: readonly string[] = ['bad_request', 'not_eligible', 'excluded', 'round_not_open', 'season_not_open', 'too_large']

export function sentenceOf(refusal: { code: string; message: string }): string {
  const theirs = SERVER_KNOWS_BETTER.includes(refusal.code) && refusal.message
  return theirs ? refusal.message : sentenceFor(refusal.code, refusal.message)
}
