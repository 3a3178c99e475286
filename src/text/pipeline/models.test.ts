import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CharacterBpe } from './character-bpe.ts'
import { byteToken } from './model.ts'
import { readModel } from './models.ts'
import { Unigram } from './unigram.ts'
import { WordPiece } from './word-piece.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 300
const letters = fc.string({ unit: fc.constantFrom('a', 'b', '中', '🐋'), maxLength: 9 })
const tokens = fc.uniqueArray(
  fc.string({ unit: fc.constantFrom('a', 'b', '中', '🐋'), minLength: 1, maxLength: 4 }),
  { maxLength: 12 },
)
const encoded = (model: { encode(word: string, ids: number[]): void }, word: string) => {
  const ids: number[] = [77]
  model.encode(word, ids)
  expect(ids.shift()).toBe(77)
  return ids
}

describe('WordPiece', () => {
  test('takes the longest token first, and a word as unknown or spelled whole', () => {
    const vocabulary = new Map(
      ['un', '##aff', '##able', 'unaff', '##a', '##b', '##🐋', '中'].map((token, id) => [
        token,
        id,
      ]),
    )
    const model = new WordPiece(vocabulary, { unkId: 99, prefix: '##', longest: 8 })
    expect(encoded(model, 'unaffable')).toEqual([99])
    expect(encoded(model, 'unaffab')).toEqual([3, 4, 5])
    expect(encoded(model, 'un🐋')).toEqual([0, 6])
    expect(encoded(model, 'unc')).toEqual([99])
    expect(encoded(model, '中中')).toEqual([99])
    // Eight characters, though ten UTF-16 units.
    expect(encoded(model, 'un🐋🐋🐋🐋🐋🐋')).toEqual([0, 6, 6, 6, 6, 6, 6])
    expect(encoded(model, 'un🐋🐋🐋🐋🐋🐋🐋')).toEqual([99])
  })
})

describe('Unigram', () => {
  test('gives the best of all cuts', () => {
    fc.assert(
      fc.property(
        tokens,
        fc.array(fc.integer({ min: -20, max: 0 })),
        letters,
        (some, all, word) => {
          const pieces = some.map((text, id) => ({ text, id, score: all[id] ?? -3.5 }))
          const lowest = pieces.reduce((least, { score }) => Math.min(least, score), 0)
          const scoreOf = new Map(pieces.map(({ text, score }) => [text, score]))
          /** The best score of a rest, by trying all cuts. */
          const best = (rest: readonly string[]): number => {
            if (rest.length === 0) return 0
            return Math.max(
              ...rest.map((_, i) => {
                const piece = rest.slice(0, i + 1).join('')
                const unknown = i === 0 ? lowest - 10 : Number.NEGATIVE_INFINITY
                return (scoreOf.get(piece) ?? unknown) + best(rest.slice(i + 1))
              }),
            )
          }
          const ids = encoded(new Unigram(pieces, { unkId: -1, lowest }), word)
          const total = ids.reduce((sum, id) => sum + (pieces[id]?.score ?? 0), 0)
          const spelled = ids.reduce((sum, id) => sum + [...(pieces[id]?.text ?? '')].length, 0)
          const unknown = [...word].length - spelled
          expect(total + unknown * (lowest - 10)).toBeCloseTo(best([...word]), 9)
          expect(ids.some((id, i) => id === -1 && ids[i + 1] === -1)).toBe(false)
          const rest = ids.map((id) => pieces[id]?.text ?? '\0').join('')
          const pattern = rest
            .split('\0')
            .map((part) => part.replace(/./gu, '$&'))
            .join('.+')
          expect(word).toMatch(new RegExp(`^${pattern}$`, 'u'))
        },
      ),
      { numRuns: CASES },
    )
  })

  test('unknown characters are one token, or their bytes', () => {
    const pieces = [{ text: 'a', id: 0, score: -1 }]
    const model = new Unigram(pieces, { unkId: 5, lowest: -1 })
    expect(encoded(model, 'a中中a🐋')).toEqual([0, 5, 0, 5])
    const bytes = Array.from({ length: 256 }, (_, byte) => 1000 + byte)
    const fallback = new Unigram(pieces, { unkId: 5, lowest: -1, bytes })
    expect(encoded(fallback, 'éa')).toEqual([1195, 1169, 0])
  })
})

describe('BPE over characters', () => {
  /** Merges the pair of lowest rank, the leftmost first, until there is none. */
  const slowly = (word: string, merges: readonly [string, string][]): string[] => {
    const symbols = [...word]
    for (;;) {
      const ranks = symbols.slice(1).map((right, i) => {
        const rank = merges.findIndex(([l, r]) => l === symbols[i] && r === right)
        return rank < 0 ? Number.POSITIVE_INFINITY : rank
      })
      const best = Math.min(...ranks)
      if (best === Number.POSITIVE_INFINITY) return symbols
      const at = ranks.indexOf(best)
      symbols.splice(at, 2, `${symbols[at]}${symbols[at + 1]}`)
    }
  }

  test('merges as the definition has it', () => {
    fc.assert(
      fc.property(tokens, letters, fc.nat(), (some, word, seed) => {
        const all = [...new Set([...'ab中🐋', ...some])]
        const ids = new Map(all.map((token, id) => [token, id]))
        const pairs = all
          .flatMap((left) => all.map((right): [string, string] => [left, right]))
          .filter(([left, right]) => ids.has(left + right))
          .sort((a, b) => ((a.join().length * seed) % 7) - ((b.join().length * seed) % 7))
        const merges = pairs.map(
          (pair) =>
            [...pair, pair.join('')].map((token) => ids.get(token)) as [number, number, number],
        )
        const model = new CharacterBpe(ids, {
          merges,
          fusesUnknown: false,
          ignoresMerges: false,
          prefix: '',
          suffix: '',
        })
        expect(encoded(model, word).map((id) => all[id])).toEqual(slowly(word, pairs))
      }),
      { numRuns: CASES },
    )
  })

  const bpe = (fields: object, vocab: string[], merges: string[] = []) =>
    readModel({
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
        merges,
        ...fields,
      },
    }).model

  test('unknown characters are tokens, one token, bytes or refused', () => {
    const vocab = ['<unk>', 'a']
    expect(encoded(bpe({ unk_token: '<unk>' }, vocab), 'bba🐋')).toEqual([0, 0, 1, 0])
    expect(encoded(bpe({ unk_token: '<unk>', fuse_unk: true }, vocab), 'bba🐋')).toEqual([0, 1, 0])
    expect(() => encoded(bpe({}, vocab), 'bba🐋')).toThrow('has no token for "b" (U+0062)')
    const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte))
    const fallback = { unk_token: '<unk>', byte_fallback: true }
    expect(encoded(bpe(fallback, [...vocab, ...bytes]), 'aé')).toEqual([1, 2 + 0xc3, 2 + 0xa9])
  })

  test('marks what ends a word, or does not begin one', () => {
    expect(
      encoded(bpe({ end_of_word_suffix: '</w>' }, ['a', 'b</w>', 'ab</w>'], ['a b</w>']), 'ab'),
    ).toEqual([2])
    expect(
      encoded(bpe({ continuing_subword_prefix: '##' }, ['a', '##b', 'ab'], ['a ##b']), 'ab'),
    ).toEqual([2])
  })
})

test('faults are named', () => {
  const read = (model: object) => () =>
    readModel({
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      model: { type: undefined, ...model },
    })
  expect(read({ type: 'Sideways' })).toThrow('model.type is "Sideways"; expected WordPiece')
  expect(read({ type: 'WordPiece', vocab: [] })).toThrow('model.vocab is not an object')
  expect(read({ type: 'WordPiece', vocab: { a: 0 }, unk_token: '[UNK]' })).toThrow(
    'model.unk_token is "[UNK]", which is not in the vocabulary',
  )
  expect(read({ type: 'Unigram', vocab: {} })).toThrow('model.vocab is not a list')
  expect(read({ vocab: [['a', 0], ['b']], unk_id: 0 })).toThrow('model.vocab[1] is not a piece')
  expect(read({ vocab: [['a', 0]], unk_id: 1 })).toThrow('model.unk_id is 1')
  expect(read({ type: 'BPE', vocab: { a: 0 }, merges: ['a b'] })).toThrow(
    'merges[0] needs "b", which is not in the vocabulary',
  )
})
