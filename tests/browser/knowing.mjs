// Somebody on a phone who knows a list of questions by heart.
import { stem, tick } from './phone.mjs'

/** As an import tidies: blanks and the width of signs are no difference. */
const plain = (text) => text.normalize('NFKC').replace(/\s/g, '')
const shown = (option) => (typeof option === 'number' ? `${Math.round(option * 100)}%` : option)
const named = ({ options, key }) => (options === null ? [key] : [...key].map((letter) => shown(options[letter.charCodeAt(0) - 65])))

/** @param questions each with its stem, its options (null: 正确 and 错误) and its key in letters */
export function knowing(questions) {
  const bank = new Map(questions.map((question) => [plain(question.stem), new Set(named(question).map(plain))]))

  /** The open question's options, in the order in which they are shown. */
  async function options(page) {
    const rights = bank.get(plain(await stem(page))) ?? new Set()
    const texts = await page.locator('.option .face > span:not(.mark)').allTextContents()
    return texts.map((text, choice) => ({ text: text.trim(), choice, isRight: rights.has(plain(text)) }))
  }

  async function choose(page, chosen) {
    for (const { choice } of chosen) await tick(page, choice)
    return chosen.map(({ text }) => text)
  }

  return {
    /** Ticks what is right; the texts of it. */
    right: async (page) => choose(page, (await options(page)).filter(({ isRight }) => isRight)),
    /** Ticks something else, of several all that is right but one, or one too many; the texts of it. */
    async wrong(page) {
      const all = await options(page)
      const [rights, others] = [all.filter(({ isRight }) => isRight), all.filter(({ isRight }) => !isRight)]
      if (!(await asksForSeveral(page))) return choose(page, others.slice(0, 1))
      return choose(page, others.length > 0 ? [...rights, others[0]] : rights.slice(1))
    },
  }
}

export const asksForSeveral = (page) => page.locator('.option input').first().evaluate((input) => input.type === 'checkbox')
