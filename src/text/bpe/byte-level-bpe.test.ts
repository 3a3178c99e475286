import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { tokenizerHash } from '../hash.ts'
import { loadTokenizer } from '../load.ts'
import { peerTokenizer } from '../peer.ts'
import type { Tokenizer } from '../tokenizer.ts'
import type { SplitName } from './split.ts'
import { trainBpe } from './train.ts'

const corpus = [
  "The quick brown fox jumps over the lazy dog. It's 2024; they'll say it wasn't 12345!",
  '敏捷的棕色狐狸跳过了懒狗。我们用Python写代码，共１２３行。中文，English，混排。',
  'naïve façade — 🙂🙂 👨‍👩‍👧 über Ñandú \u{20000}\u{20001} حروف हिन्दी',
  'if (x > 0) {\n\treturn x ** 2\r\n}\n\n    // done\n',
].join('\n')

const SPLITS: SplitName[] = ['gpt2', 'cl100k', 'chinese']
const tokenizers = new Map<SplitName, Tokenizer>()
beforeAll(async () => {
  for (const split of SPLITS) {
    tokenizers.set(split, await trainBpe([corpus.repeat(3)], { vocabSize: 450, split }))
  }
})

/** Anything that a string may hold, lone surrogates too; words of the corpus now and then. */
const texts = fc.oneof(
  fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(...corpus.split(' '), '\ud83d', '\udc00', '\ufeff', '\u0085'),
      ),
    )
    .map((parts) => parts.join(' ')),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
)
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

describe.each(SPLITS)('split %s', (split) => {
  test('decoding gives the text back', () => {
    const tokenizer = tokenizers.get(split)!
    fc.assert(
      fc.property(texts, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed(text))
      }),
      { numRuns: 1000 },
    )
  })

  test('a stream gives the same text, and never half a character', () => {
    const tokenizer = tokenizers.get(split)!
    fc.assert(
      fc.property(texts, (text) => {
        const decoder = tokenizer.decoder()
        const parts = tokenizer.encode(text).map((id) => decoder.push(id))
        parts.push(decoder.end())
        expect(parts.join('')).toBe(wellFormed(text))
        for (const part of parts) expect(wellFormed(part)).toBe(part)
      }),
      { numRuns: 500 },
    )
  })

  test('the saved file gives @huggingface/tokenizers the same ids', () => {
    const tokenizer = tokenizers.get(split)!
    const peer = peerTokenizer(JSON.parse(JSON.stringify(tokenizer)), {})
    fc.assert(
      fc.property(texts, (text) => {
        const ids = tokenizer.encode(text, { specials: true })
        expect(ids).toEqual(peer.encode(text, { add_special_tokens: false }).ids)
      }),
      { numRuns: 500 },
    )
  })

  test('the saved file is read back as the same tokenizer', () => {
    const tokenizer = tokenizers.get(split)!
    const again = loadTokenizer(JSON.parse(JSON.stringify(tokenizer)))
    expect(tokenizerHash(again)).toBe(tokenizerHash(tokenizer))
    expect(again.encode(corpus)).toEqual(tokenizer.encode(corpus))
    expect(again.bosId).toBe(tokenizer.specialTokens['<|endoftext|>'])
    expect(again.eosId).toBe(tokenizer.specialTokens['<|endoftext|>'])
  })
})

describe('special tokens', () => {
  const chat = '<|im_start|>user\nWhat is <|im_end|>?<|im_end|>'

  test('come from text only when they are asked for', () => {
    const tokenizer = tokenizers.get('cl100k')!
    const specials = new Set(Object.values(tokenizer.specialTokens))
    const plain = tokenizer.encode(chat)
    expect(plain.filter((id) => specials.has(id))).toEqual([])
    expect(tokenizer.decode(plain)).toBe(chat)
    const parsed = tokenizer.encode(chat, { specials: true })
    expect(parsed.filter((id) => specials.has(id))).toEqual([1, 2, 2])
    expect(parsed.slice(1, -1)).toEqual([
      ...tokenizer.encode('user\nWhat is '),
      2,
      ...tokenizer.encode('?'),
    ])
  })

  test('are left out of decoded text unless they are asked for', () => {
    const tokenizer = tokenizers.get('cl100k')!
    const ids = tokenizer.encode(chat, { specials: true })
    expect(tokenizer.decode(ids)).toBe('user\nWhat is ?')
    expect(tokenizer.decode(ids, { specials: true })).toBe(chat)
    const decoder = tokenizer.decoder()
    expect(ids.map((id) => decoder.push(id)).join('') + decoder.end()).toBe('user\nWhat is ?')
  })

  test('no text gives one', () => {
    const tokenizer = tokenizers.get('gpt2')!
    const contents = Object.keys(tokenizer.specialTokens)
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...contents, '<|', '|>', '<'), fc.string())),
        (parts) => {
          expect(tokenizer.encode(parts.join('')).filter((id) => id < contents.length)).toEqual([])
        },
      ),
    )
  })
})

describe('the edges', () => {
  test('empty text, and ids that are none', () => {
    const tokenizer = tokenizers.get('gpt2')!
    expect(tokenizer.encode('')).toEqual([])
    expect(tokenizer.encode('', { specials: true })).toEqual([])
    expect(tokenizer.decode([])).toBe('')
    expect(tokenizer.decoder().end()).toBe('')
    expect(() => tokenizer.decode([450])).toThrow(
      'token id 450 is outside the vocabulary, 0 .. 449',
    )
    expect(() => tokenizer.decode([-1])).toThrow(RangeError)
  })

  test('a stream that ends inside a character says so with U+FFFD', () => {
    const tokenizer = tokenizers.get('gpt2')!
    const ids = tokenizer.encode('\u{10348}')
    expect(ids.length).toBeGreaterThan(1)
    const decoder = tokenizer.decoder()
    expect(
      ids
        .slice(0, -1)
        .map((id) => decoder.push(id))
        .join(''),
    ).toBe('')
    expect(decoder.end()).toBe('\ufffd')
  })

  test('random bytes survive as far as text can hold them', () => {
    const tokenizer = tokenizers.get('gpt2')!
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
        const ids = Array.from(bytes, (byte) => byteIds(tokenizer)[byte]!)
        expect(tokenizer.decode(ids)).toBe(text)
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
      }),
    )
  })
})

/** Ids of the 256 bytes: after three special tokens, in the order of GPT-2's alphabet. */
function byteIds(tokenizer: Tokenizer): number[] {
  const { vocab } = (tokenizer.toJSON() as { model: { vocab: Record<string, number> } }).model
  const printable = (byte: number): boolean =>
    (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
  let others = 256
  return Array.from(
    { length: 256 },
    (_, byte) => vocab[String.fromCharCode(printable(byte) ? byte : others++)]!,
  )
}
