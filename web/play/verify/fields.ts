// What is hashed, as docs/fairness.md has it: each field its length (32 bits, little-endian), then its bytes.

export type Field = string | number | boolean | Uint8Array

const utf8 = new TextEncoder()

function bytesOf(field: Field): Uint8Array {
  if (field instanceof Uint8Array) return field
  return utf8.encode(typeof field === 'string' ? field : String(Number(field)))
}

export function fields(list: readonly Field[]): Uint8Array {
  const parts = list.map(bytesOf)
  const all = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(all.buffer)
  let place = 0
  for (const part of parts) {
    view.setUint32(place, part.length, true)
    all.set(part, place + 4)
    place += 4 + part.length
  }
  return all
}

/** A list is the number of its items, then the fields of each. */
export function listed<T>(items: readonly T[], of: (item: T) => readonly Field[]): Field[] {
  const all: Field[] = [items.length]
  for (const item of items) all.push(...of(item))
  return all
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** 32 bytes out of 64 hexadecimal digits, or null. */
export function bytesOfHex(digits: string): Uint8Array | null {
  if (!/^[0-9a-f]{64}$/i.test(digits)) return null
  return Uint8Array.from({ length: 32 }, (_, place) => parseInt(digits.slice(place * 2, place * 2 + 2), 16))
}
