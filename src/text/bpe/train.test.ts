import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tokenizerHash } from '../hash.ts'
import { tokenOfBytes } from './bytes.ts'
import { WordCounter } from './count.ts'
import { learnMerges } from './learn-merges.ts'
import { trainBpe } from './train.ts'
import { trainBpeOnThreads } from './train-on-threads.ts'

/** Training as the definition has it: all pairs are counted anew before every merge. */
function slowly(words: [string, number][], most: number, atLeast: number): string[] {
  const parts = words.map(([word, count]) => ({
    symbols: [...new TextEncoder().encode(word)].map((byte) => tokenOfBytes(Uint8Array.of(byte))),
    count,
  }))
  const order = (token: string): string =>
    Array.from(token, (c) => byteOrder.indexOf(c) + 256).join()
  const merges: string[] = []
  while (merges.length < most) {
    const counts = new Map<string, number>()
    for (const { symbols, count } of parts) {
      for (let i = 1; i < symbols.length; i++) {
        const pair = `${symbols[i - 1]} ${symbols[i]}`
        counts.set(pair, (counts.get(pair) ?? 0) + count)
      }
    }
    const [best] = [...counts].sort(([a, m], [b, n]) => {
      const [x, y] = [a, b].map((pair) => pair.split(' ').map(order)) as [string[], string[]]
      return n - m || (x[0] === y[0] ? (x[1]! < y[1]! ? 1 : -1) : x[0]! < y[0]! ? 1 : -1)
    })
    if (!best || best[1] < atLeast) break
    merges.push(best[0])
    const [left, right] = best[0].split(' ')
    for (const part of parts) {
      for (let i = 0; i + 1 < part.symbols.length; i++) {
        if (part.symbols[i] === left && part.symbols[i + 1] === right) {
          part.symbols.splice(i, 2, left! + right!)
        }
      }
    }
  }
  return merges
}

const byteOrder = Array.from({ length: 256 }, (_, byte) => tokenOfBytes(Uint8Array.of(byte)))

function quickly(words: [string, number][], most: number, atLeast: number): string[] {
  const tokens = [...byteOrder]
  const bytes = words.map(([word]) => new TextEncoder().encode(word))
  const starts = [0]
  for (const word of bytes) starts.push(starts.at(-1)! + word.length)
  const counts = {
    bytes: Uint8Array.from(bytes.flatMap((word) => [...word])),
    starts: Int32Array.from(starts),
    counts: Float64Array.from(words, ([, count]) => count),
  }
  return learnMerges(counts, { most, atLeast, wholeCharacters: false }).map(([left, right]) => {
    tokens.push(tokens[left]! + tokens[right]!)
    return `${tokens[left]} ${tokens[right]}`
  })
}

const words = fc.uniqueArray(
  fc.tuple(
    fc
      .array(fc.constantFrom('a', 'b', 'aa', 'c', ' ', 'é', '的'), { minLength: 1, maxLength: 9 })
      .map((c) => c.join('')),
    fc.integer({ min: 1, max: 4 }),
  ),
  { selector: ([word]) => word, minLength: 1, maxLength: 25 },
)

test('merges are those of counting anew each time, in any order of the words', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 3 }), (list, atLeast) => {
      const expected = slowly(list, 60, atLeast)
      expect(quickly(list, 60, atLeast)).toEqual(expected)
      expect(quickly([...list].reverse(), 60, atLeast)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

const text = [
  'The whale, the whale! Up helm, up helm! oh, all ye sweet powers of air, now hug me close!',
  "It's 1851; 'tis said they'll sail — 鲸鱼，白鲸！他们用Python写代码。 naïve façade 🐋🐋 \r\n\t end",
].join('\n')

describe('trainBpe', () => {
  test('numbers special tokens, bytes in GPT-2 order, then merges', async () => {
    const tokenizer = await trainBpe(['ab ab ab'], { vocabSize: 259, specialTokens: ['<|end|>'] })
    const { model, added_tokens } = tokenizer.toJSON()
    const vocab = Object.entries(model.vocab as object)
    expect(added_tokens.map(({ id, content }) => [id, content])).toEqual([[0, '<|end|>']])
    expect(vocab.find(([, id]) => id === 1)).toEqual(['!', 1])
    expect(vocab.find(([, id]) => id === 256)).toEqual(['Ń', 256])
    expect(model.merges).toEqual(['a b', 'Ġ ab'])
    expect(tokenizer.encode('ab ab')).toEqual([257, 258])
    expect(tokenizer.vocabSize).toBe(259)
  })

  test('gives the same however the stream is cut', async () => {
    const long = text.repeat(3)
    const options = { vocabSize: 330, specialTokens: ['<|endoftext|>'] }
    const whole = tokenizerHash(await trainBpe([long], options))
    expect(tokenizerHash(await trainBpe([...long], options))).toBe(whole)
    // Enough text that pieces are handed on before the end.
    const big = `${long}<|endoftext|>`.repeat(1000)
    const reference = tokenizerHash(await trainBpe([big], options))
    for (const size of [1000, 65_537, 300_001]) {
      const chunks = Array.from({ length: Math.ceil(big.length / size) }, (_, i) =>
        big.slice(i * size, (i + 1) * size),
      )
      expect(tokenizerHash(await trainBpe(chunks, options))).toBe(reference)
    }
  })

  test('special tokens part the text and are not learned from', async () => {
    const options = { vocabSize: 400, specialTokens: ['<|endoftext|>'] }
    const parted = await trainBpe(['night<|endoftext|>mare '.repeat(50)], options)
    expect(parted.encode('nightmare')).toHaveLength(2)
    expect(JSON.stringify(parted.toJSON().model.merges)).not.toContain('endof')
  })

  test('stops when no pair occurs often enough', async () => {
    const once = await trainBpe(['abcd'], { vocabSize: 1000 })
    expect(once.vocabSize).toBe(259)
    const all = await trainBpe(['abcd'], { vocabSize: 1000, minFrequency: 1 })
    expect(all.vocabSize).toBe(262)
  })

  test.each([
    [{ vocabSize: 256 }, /vocabSize is 256, but 256 bytes and 3 special tokens need at least 259/],
    [
      { vocabSize: 300, split: 'gpt5' as 'gpt2' },
      /split is "gpt5", expected gpt2, cl100k, chinese/,
    ],
    [{ vocabSize: 300, specialTokens: ['a', 'a'] }, /specialTokens must be different/],
  ])('refuses %o', async (options, message) => {
    await expect(trainBpe([''], options)).rejects.toThrow(message)
  })

  test('the chinese split learns no token across Han and Latin or punctuation', async () => {
    const chinese = '我们用Python写代码，我们用Python画图。'.repeat(20)
    const tokensOf = async (split: 'chinese' | 'cl100k'): Promise<string[]> => {
      const tokenizer = await trainBpe([chinese], { vocabSize: 330, split })
      return Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]))
    }
    const mixed = /\p{Script=Han}[A-Za-z，。]|[A-Za-z，。]\p{Script=Han}/u
    expect((await tokensOf('chinese')).filter((token) => mixed.test(token))).toEqual([])
    expect((await tokensOf('chinese')).filter((token) => token === 'Python')).toHaveLength(1)
    expect((await tokensOf('cl100k')).some((token) => mixed.test(token))).toBe(true)
  })
})

test('the chinese split learns no token of a character and part of another', async () => {
  // Every pair of characters shares its first two bytes: these with the one before are frequent.
  const chinese = '的一 的丁 的七 的万 的丈 的三 '.repeat(10)
  const halves = async (split: 'chinese' | 'gpt2'): Promise<string[]> => {
    const tokenizer = await trainBpe([chinese], { vocabSize: 300, split })
    const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]))
    return tokens.filter((token) => /的\ufffd/.test(token))
  }
  expect(await halves('chinese')).toEqual([])
  expect(await halves('gpt2')).not.toEqual([])
})

test('counts of parts add up to the counts of the whole', () => {
  const whole = new WordCounter('gpt2')
  whole.add(text)
  whole.add(text)
  const part = new WordCounter('gpt2')
  part.add(text)
  const sum = new WordCounter('gpt2')
  sum.add(text)
  sum.merge(part.result())
  expect(sum.result()).toEqual(whole.result())
})

test('threads do not change the result', async () => {
  // Long enough that threads are started.
  const chunks = Array.from({ length: 60 }, (_, i) => `${text} ${i * 7919}\n`.repeat(1000))
  const options = { vocabSize: 600, split: 'chinese' as const }
  const alone = tokenizerHash(await trainBpe(chunks, options))
  expect(tokenizerHash(await trainBpeOnThreads(chunks, { ...options, threads: 3 }))).toBe(alone)
})
