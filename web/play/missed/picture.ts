// The most missed questions of a week as one picture, made on this device: for a poster or to pass on. Colours are the page's own light ones.
import { KIND_NAMES, letter } from '../../shared/format'
import type { MissedWeek } from '../../shared/protocol'
import { answerOf, lines, share, titleOf } from './words'

const WIDTH = 1080
const EDGE = 64
const CARD = 36
/** An old phone's memory bounds how large a picture may be. */
const HEIGHT_MAX = 12_000

interface Voice {
  font: string
  height: number
  colour: string
}

interface Line {
  text: string
  voice: Voice
  x: number
  y: number
}

/** `null`: this browser draws none. */
export function pictureOf(season: string, week: MissedWeek, address: string): string | null {
  const canvas = document.createElement('canvas')
  const pen = canvas.getContext('2d')
  if (pen === null) return null
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const face = colour('font')
  const voice = (size: number, name: string, weight = 400): Voice => ({ font: `${weight} ${size}px ${face}`, height: size * 1.5, colour: colour(name) })
  const title = voice(56, 'hero-ink', 700)
  const under = voice(32, 'hero-soft')
  const stem = voice(38, 'ink', 650)
  const plain = voice(34, 'ink')
  const answer = voice(34, 'right', 650)
  const soft = voice(28, 'soft')

  const written: Line[] = []
  let y = 0
  const write = (text: string, by: Voice, x: number, width: number) => {
    pen.font = by.font
    for (const line of lines(text, (one) => pen.measureText(one).width <= width)) {
      y += by.height
      written.push({ text: line, voice: by, x, y: y - by.height * 0.3 })
    }
  }
  y = 48
  write(season, under, EDGE, WIDTH - 2 * EDGE)
  write(titleOf(week), title, EDGE, WIDTH - 2 * EDGE)
  const head = y + 48
  y = head
  const cards: { from: number; to: number }[] = []
  const inner = WIDTH - 2 * EDGE - 2 * CARD
  week.questions.forEach((question, place) => {
    y += 32
    const from = y
    y += CARD - 8
    write(`${place + 1} · ${KIND_NAMES[question.kind]} · ${share(question)} 没答对`, soft, EDGE + CARD, inner)
    write(question.stem, stem, EDGE + CARD, inner)
    if (question.kind !== 'true_false') question.options.forEach((option, choice) => write(`${letter(choice)}. ${option}`, plain, EDGE + CARD, inner))
    write(`答案：${answerOf(question)}`, answer, EDGE + CARD, inner)
    if (question.explanation !== '') write(question.explanation, plain, EDGE + CARD, inner)
    if (question.source !== '') write(`来源：${question.source}`, soft, EDGE + CARD, inner)
    y += CARD
    cards.push({ from, to: y })
  })
  y += 24
  write(address, soft, EDGE, WIDTH - 2 * EDGE)
  y += 40

  const height = Math.ceil(y)
  const scale = Math.min(1, HEIGHT_MAX / height)
  canvas.width = Math.floor(WIDTH * scale)
  canvas.height = Math.floor(height * scale)
  pen.scale(scale, scale)
  pen.fillStyle = colour('paper')
  pen.fillRect(0, 0, WIDTH, height)
  pen.fillStyle = colour('hero')
  pen.fillRect(0, 0, WIDTH, head)
  pen.lineWidth = 2
  for (const { from, to } of cards) {
    pen.fillStyle = colour('surface')
    pen.strokeStyle = colour('line')
    rounded(pen, EDGE, from, WIDTH - 2 * EDGE, to - from, 28)
    pen.fill()
    pen.stroke()
  }
  for (const line of written) {
    pen.font = line.voice.font
    pen.fillStyle = line.voice.colour
    pen.fillText(line.text, line.x, line.y)
  }
  return canvas.toDataURL('image/png')
}

/** `roundRect` is too new for old WebViews. */
function rounded(pen: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number): void {
  pen.beginPath()
  pen.moveTo(x + radius, y)
  pen.arcTo(x + width, y, x + width, y + height, radius)
  pen.arcTo(x + width, y + height, x, y + height, radius)
  pen.arcTo(x, y + height, x, y, radius)
  pen.arcTo(x, y, x + width, y, radius)
  pen.closePath()
}
