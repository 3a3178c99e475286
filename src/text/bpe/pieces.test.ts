import { describe, expect, it } from 'vitest'
import { pieces } from './pieces.ts'

const MOST = 2 ** 18

const divided = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  )

const all = async (chunks: Iterable<string>, specials?: string[]): Promise<string[]> => {
  const found: string[] = []
  for await (const piece of pieces(chunks, specials)) found.push(piece)
  return found
}

describe('pieces', () => {
  const letters = 'a'.repeat(MOST + 70_000)
  const digits = '3141592653'.repeat(40_000)
  const prose = 'the whale swims on, '.repeat(20_000)
  const whales = `x${'🐳'.repeat(200_000)}`
  it.each([
    ['one word', letters],
    ['no letters', digits],
    ['characters of two units', whales],
    [
      'all of them, and special tokens',
      `${prose}${letters}<|end|>${digits}<|end|>${whales}${prose}`,
    ],
  ])('are bounded and the same however the stream is divided: %s', async (_, text) => {
    const specials = ['<|end|>', '<|endoftext|>']
    const reference = await all([text], specials)
    expect(reference.join('')).toBe(text.replaceAll('<|end|>', ''))
    for (const piece of reference) {
      expect(piece.length).toBeLessThanOrEqual(MOST)
      expect(piece).not.toMatch(/\p{Surrogate}/u)
    }
    for (const size of [999, 65_537, MOST, MOST + 1, 300_001, 1_000_000])
      expect(await all(divided(text, size), specials)).toEqual(reference)
  })

  it('end where a word does, where there is one', async () => {
    for (const piece of (await all([prose.repeat(3)])).slice(0, -1)) expect(piece).toMatch(/[a-z]$/)
  })
})
