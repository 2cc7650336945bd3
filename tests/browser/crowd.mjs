// A crowd for the screenshots: people of every city who play one round over the wire, so that boards have something to show.
// They know the shipped bank and answer right most of the time; their names are made up.
import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'

const BANK = new URL('../../question-bank/kexue/', import.meta.url)
const FAMILY = '覃韦黄莫蒙梁陆罗农卢李陈王张刘蓝潘周吴杨'
const GIVEN = ['小满', '大山', '春兰', '志华', '建国', '晓宁', '玉林', '海生', '秀英', '子涵', '明', '芳', '家豪', '雨桐', '国强']

/** Stem → the texts of the right options. */
function knowledge() {
  const known = {}
  for (const file of readdirSync(BANK).filter((name) => name.endsWith('.toml'))) {
    for (const part of readFileSync(new URL(file, BANK), 'utf8').split('[[question]]').slice(1)) {
      const text = (key) => part.match(new RegExp(`^${key} = (".*")$`, 'm'))?.[1]
      const list = part.match(/^options = (\[[\s\S]*?\])\s*$/m)?.[1]
      const [stem, key] = [JSON.parse(text('stem') ?? '""'), JSON.parse(text('key') ?? '""')]
      const options = list === undefined ? null : JSON.parse(list.replace(/,\s*\]$/, ']'))
      known[stem] = options === null ? [key] : [...key].map((letter) => options[letter.charCodeAt(0) - 65])
    }
  }
  return known
}

/** `people` join and play, a hundred at a time, in a browser's own sockets. */
export async function gather(page, season, round, people) {
  const crowd = Array.from({ length: people }, (_, i) => {
    // Fewer and fewer from city to city, so that the ranking of cities has an order to show.
    const city = season.cities[Math.floor(season.cities.length * (i / people) ** 1.25)]
    const county = city.counties[i % Math.max(1, city.counties.length)]
    const name = FAMILY[(i * 7) % FAMILY.length] + GIVEN[(i * 5 + Math.floor(i / 20)) % GIVEN.length]
    const group = season.groups[i % Math.max(1, season.groups.length)]
    return { request: randomUUID(), name, city: city.code, county: county?.code, group: group?.id, consent: season.consent }
  })
  const known = knowledge()
  for (let from = 0; from < people; from += 100) {
    await page.evaluate(playAll, { crowd: crowd.slice(from, from + 100), known, round: round.id })
  }
}

// Runs in the browser.
function playAll({ crowd, known, round }) {
  const play = async (who) => {
    const answer = await fetch('/api/v1/participants', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(who) })
    const { token, detail } = await answer.json()
    if (token === undefined) throw new Error(detail)
    const skill = 0.55 + Math.random() * 0.45
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/ws', 'kejing.v1')
      const send = (message) => socket.send(JSON.stringify(message))
      socket.onopen = () => send({ type: 'hello', token })
      socket.onclose = () => reject(new Error('closed'))
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data)
        if (message.type === 'welcome') send({ type: 'start', round })
        if (message.type === 'error') reject(new Error(message.message))
        if (message.type === 'question') {
          const right = message.options.map((option, choice) => (known[message.stem]?.includes(option) ? choice : -1)).filter((choice) => choice >= 0)
          const choices = Math.random() < skill && right.length > 0 ? right : [Math.floor(Math.random() * message.options.length)]
          setTimeout(() => send({ type: 'answer', attempt: message.attempt, seq: message.seq, choices }), 200 + Math.random() * 1500)
        }
        if (message.type === 'result') {
          socket.onclose = null
          socket.close()
          resolve()
        }
      }
    })
  }
  return Promise.all(crowd.map(play))
}
