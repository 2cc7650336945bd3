// The keystream of ChaCha20 (RFC 8439, section 2.4), read as numbers, and what is drawn with them.

const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] // "expand 32-byte k"
const LEFT = (word: number, by: number) => (word << by) | (word >>> (32 - by))

function quarter(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  s[a] = s[a]! + s[b]!
  s[d] = LEFT(s[d]! ^ s[a]!, 16)
  s[c] = s[c]! + s[d]!
  s[b] = LEFT(s[b]! ^ s[c]!, 12)
  s[a] = s[a]! + s[b]!
  s[d] = LEFT(s[d]! ^ s[a]!, 8)
  s[c] = s[c]! + s[d]!
  s[b] = LEFT(s[b]! ^ s[c]!, 7)
}

/** One block as sixteen little-endian words. */
export function block(key: Uint8Array, counter: number, nonce: readonly [number, number, number]): Uint32Array {
  const start = new Uint32Array(16)
  const view = new DataView(key.buffer, key.byteOffset, 32)
  start.set(SIGMA)
  for (let i = 0; i < 8; i++) start[4 + i] = view.getUint32(i * 4, true)
  start[12] = counter
  start.set(nonce, 13)
  const s = start.slice()
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarter(s, i, 4 + i, 8 + i, 12 + i)
    for (let i = 0; i < 4; i++) quarter(s, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4))
  }
  return s.map((word, i) => word + start[i]!)
}

/** The next word of a stream. */
export type Words = () => number

/** The stream for one use, from its first byte. */
export function words(seed: Uint8Array, use: 1 | 2, number: number): Words {
  let counter = 0
  let left: Uint32Array = new Uint32Array(0)
  let next = 0
  return () => {
    if (next === left.length) {
      left = block(seed, counter++, [use, number, 0])
      next = 0
    }
    return left[next++]!
  }
}

/** A number from 0 to n − 1, each as likely as the other: words that would favour the small ones are passed over. */
export function below(n: number, stream: Words): number {
  const end = 2 ** 32 - (2 ** 32 % n)
  let word = stream()
  while (word >= end) word = stream()
  return word % n
}

/** Fisher–Yates from the front: the first `count` items are drawn. */
export function shuffle<T>(items: T[], count: number, stream: Words): void {
  for (let i = 0; i < count; i++) {
    const j = i + below(items.length - i, stream)
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
}
