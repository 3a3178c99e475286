import type { Tokenizer } from './tokenizer.ts'

/**
 * A name for what a tokenizer does, 16 hexadecimal digits: equal exactly for tokenizers that are
 * saved alike. Tokenized data and checkpoints record it, and are refused with another tokenizer.
 */
export const tokenizerHash = (tokenizer: Tokenizer): string =>
  fnv1a(new TextEncoder().encode(canonical(tokenizer.toJSON())))

/** JSON with the keys of every object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  )
}

/**
 * The 64-bit hash FNV-1a (Fowler, Noll and Vo; offset 0xcbf29ce484222325, prime 2^40 + 0x1b3), in
 * two halves because numbers are exact to 53 bits only.
 */
export function fnv1a(bytes: Uint8Array): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0
    const product = low * 0x1b3
    high = (Math.imul(high, 0x1b3) + (low << 8) + Math.floor(product / 2 ** 32)) >>> 0
    low = product >>> 0
  }
  return [high, low].map((half) => half.toString(16).padStart(8, '0')).join('')
}
