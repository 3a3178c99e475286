import fc from 'fast-check'
import { Writer } from 'protobufjs/minimal.js'
import { describe, expect, test } from 'vitest'
import { charsmapOf } from '../../../test/charsmap.ts'
import { UserError } from '../../errors.ts'
import { encodeInput } from '../encode-input.ts'
import { loadTokenizer } from '../load.ts'
import { byteToken } from '../pipeline/model.ts'
import { sentencePieceTokenizer } from './sentencepiece.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 300

type PieceFields = readonly [text: string, score: number, type?: number]
const [UNKNOWN, CONTROL, USER, BYTE] = [2, 3, 4, 6]

interface Options {
  modelType?: number
  byteFallback?: boolean
  charsmap?: Record<string, string>
  addDummyPrefix?: boolean
  removeExtraWhitespaces?: boolean
}

/** A ModelProto; fields that have their defaults are left out, as protobuf's writers do. */
function modelOf(pieces: readonly PieceFields[], options: Options = {}): Uint8Array {
  const model = Writer.create()
  for (const [text, score, type] of pieces) {
    const piece = Writer.create().uint32(10).string(text).uint32(21).float(score)
    if (type !== undefined) piece.uint32(24).int32(type)
    model.uint32(10).bytes(piece.finish())
  }
  const trainer = Writer.create()
    .uint32(8 * 4)
    .int32(8000)
  if (options.modelType !== undefined) trainer.uint32(8 * 3).int32(options.modelType)
  if (options.byteFallback) trainer.uint32(8 * 35).bool(true)
  const normalizer = Writer.create()
  if (options.charsmap) {
    normalizer.uint32(18).bytes(Buffer.from(charsmapOf(options.charsmap), 'base64'))
  }
  if (options.addDummyPrefix === false) normalizer.uint32(24).bool(false)
  if (options.removeExtraWhitespaces === false) normalizer.uint32(32).bool(false)
  model.uint32(18).bytes(trainer.finish()).uint32(26).bytes(normalizer.finish())
  return model.finish()
}

const reserved: PieceFields[] = [
  ['<pad>', 0, CONTROL],
  ['</s>', 0, CONTROL],
  ['<unk>', 0, UNKNOWN],
]
const unigram: PieceFields[] = [
  ...reserved,
  ['▁', -3],
  ['a', -3.5],
  ['b', -3.5],
  ['▁ab', -2],
  ['ab', -3],
]

const load = (pieces: readonly PieceFields[], options?: Options, config = {}) =>
  loadTokenizer(sentencePieceTokenizer(modelOf(pieces, options), config), config)

describe('a Unigram model', () => {
  test('cuts text as SentencePiece does', () => {
    const tokenizer = load(unigram, { charsmap: { ａ: 'a', '\u3000': ' ', '\t': ' ' } })
    expect(tokenizer.vocabSize).toBe(8)
    expect(tokenizer.encode('ab ａb\u3000\tab ')).toEqual([6, 6, 6])
    expect(tokenizer.encode('  ab  ')).toEqual([6])
    expect(tokenizer.encode('aba')).toEqual([6, 4])
    expect(tokenizer.encode('中中</s>a')).toEqual([3, 2, 4])
    expect(tokenizer.decode([6, 7, 6, 4])).toBe('abab aba')
  })

  test('has blanks as its model says', () => {
    const none = load(unigram, { addDummyPrefix: false })
    expect(none.encode(' ab  ab')).toEqual([7, 6])
    expect(none.decode([6, 7])).toBe('abab')
    expect(none.encode('ab \n ab')).toEqual([7, 3, 2, 6])
    expect(none.encode('▁ab▁ ')).toEqual([6])
    const all = load(unigram, { removeExtraWhitespaces: false })
    expect(all.encode(' ab  ab ')).toEqual([3, 6, 3, 6, 3])
    expect(
      load(unigram, { addDummyPrefix: false, removeExtraWhitespaces: false }).encode(' ab'),
    ).toEqual([6])
  })

  test('a piece may hold blanks', () => {
    expect(load([...unigram, ['▁ab▁ab', -1]]).encode('ab ab')).toEqual([8])
    expect(load([...unigram, ['▁▁', -1]], { removeExtraWhitespaces: false }).encode(' a')).toEqual([
      8, 4,
    ])
  })

  test('has bytes and user-defined symbols', () => {
    const bytes = Array.from({ length: 256 }, (_, i): PieceFields => [byteToken(i), 0, BYTE])
    const tokenizer = load([...unigram, ['<sep>', 0, USER], ...bytes], { byteFallback: true })
    expect(tokenizer.encode('é')).toEqual([3, 9 + 0xc3, 9 + 0xa9])
    expect(tokenizer.encode('a<sep>b')).toEqual([3, 4, 8, 5])
    // The blank before a text stays there.
    expect(tokenizer.encode('<sep>ab')).toEqual([3, 8, 7])
    expect(tokenizer.decode([6, 8, 9 + 0xc3, 9 + 0xa9])).toBe('ab<sep>é')
    expect(tokenizer.specialTokens).toEqual({ '<pad>': 0, '</s>': 1, '<unk>': 2 })
    expect(tokenizer.encode('<0x41>')).not.toContain(9 + 0x41)
  })
})

test('a BPE model merges by score', () => {
  const pieces: PieceFields[] = [
    ['<unk>', 0, UNKNOWN],
    ['<s>', 0, CONTROL],
    ['</s>', 0, CONTROL],
    ['ab', -0],
    ['▁a', -1],
    ['bab', -2],
    ['▁', -3],
    ['a', -4],
    ['b', -5],
  ]
  const tokenizer = load(pieces, { modelType: 2, removeExtraWhitespaces: false })
  expect(tokenizer.encode('abab')).toEqual([6, 3, 3])
  expect(tokenizer.encode('bab')).toEqual([6, 5])
  expect(tokenizer.encode('a b')).toEqual([4, 6, 8])
})

const characters = (texts: string): PieceFields[] =>
  Array.from(texts, (character, i) => [character, -100 - i])

test('pieces of equal score are merged from the left', () => {
  // Chinese-LLaMA has thousands of pieces with a score of 0.
  const pieces: PieceFields[] = [['<unk>', 0, UNKNOWN], ['bc', 0], ['ab', 0], ...characters('▁abc')]
  const tokenizer = load(pieces, { modelType: 2, removeExtraWhitespaces: false })
  expect(tokenizer.encode('abc')).toEqual([3, 2, 6])
  expect(tokenizer.encode('bcabc')).toEqual([3, 1, 2, 6])
  const long = tokenizer.encode('abc'.repeat(50))
  expect(long).toEqual([3, ...Array.from({ length: 50 }, () => [2, 6]).flat()])
  const saved = loadTokenizer(JSON.parse(JSON.stringify(tokenizer.toJSON())))
  expect(saved.encode('abcabc')).toEqual([3, 2, 6, 2, 6])
})

test('user-defined pieces are never normalized or merged', () => {
  const pieces: PieceFields[] = [
    ['<unk>', 0, UNKNOWN],
    ['ａ', 0, USER],
    ['33', 0, USER],
    ['a3', -1],
    ['▁a', -2],
    ['<x>', 0, 5],
    ...characters('▁a3b<x>'),
  ]
  const options = { modelType: 2, charsmap: { ａ: 'a', ｂ: 'b' } }
  const tokenizer = load(pieces, options)
  expect(tokenizer.encode('a3')).toEqual([6, 3])
  expect(tokenizer.encode('33a3')).toEqual([6, 2, 3])
  expect(tokenizer.encode('ａa333ｂ')).toEqual([6, 1, 7, 2, 8, 9])
  // An unused piece is never made.
  expect(tokenizer.encode('<x>')).toEqual([6, 10, 11, 12])
})

test('a model of characters', () => {
  const pieces: PieceFields[] = [['<unk>', 0, UNKNOWN], ['ab', 0, USER], ...characters('▁abc')]
  const tokenizer = load(pieces, { modelType: 4 })
  expect(tokenizer.encode('abca 中文b')).toEqual([2, 1, 5, 3, 2, 0, 4])
  expect(tokenizer.decode([2, 1, 5, 3, 2, 4])).toBe('abca b')
})

describe('what a model expects around texts', () => {
  const around = (config: object) => {
    const pieces: PieceFields[] = [...unigram, ['<s>', 0, CONTROL], ['[CLS]', 0, CONTROL]]
    const tokenizer = load(pieces, {}, config)
    const { ids, typeIds } = encodeInput(tokenizer, 'ab', { pair: 'ab' })
    return [ids, typeIds]
  }
  test.each([
    [{}, [6, 6], [0, 1]],
    [{ tokenizer_class: 'T5Tokenizer' }, [6, 1, 6, 1], [0, 0, 0, 0]],
    [{ tokenizer_class: 'LlamaTokenizer' }, [8, 6, 8, 6], [0, 0, 1, 1]],
    [{ tokenizer_class: 'LlamaTokenizer', add_bos_token: false }, [6, 6], [0, 1]],
    [{ add_bos_token: true, add_eos_token: true }, [8, 6, 1, 8, 6, 1], [0, 0, 0, 1, 1, 1]],
    [
      { tokenizer_class: 'AlbertTokenizer', cls_token: '[CLS]', sep_token: { content: '</s>' } },
      [9, 6, 1, 6, 1],
      [0, 0, 0, 1, 1],
    ],
  ])('%j', (config, ids, typeIds) => {
    expect(around(config)).toEqual([ids, typeIds])
  })
})

test('T5 has sentinels after its pieces, the first one last', () => {
  const t5 = { tokenizer_class: 'T5Tokenizer', extra_ids: 3 }
  const { specialTokens, vocabSize } = load(unigram, {}, t5)
  expect(specialTokens).toMatchObject({ '<extra_id_2>': 8, '<extra_id_1>': 9, '<extra_id_0>': 10 })
  expect(vocabSize).toBe(11)
  expect(load(unigram, {}, { tokenizer_class: 'T5Tokenizer' }).vocabSize).toBe(108)
  const listed = { ...t5, added_tokens_decoder: { 20: { content: '<extra_id_0>', special: true } } }
  expect(load(unigram, {}, listed).specialTokens['<extra_id_0>']).toBe(20)
})

test('a token that only the configuration names gets the next id', () => {
  const config = { mask_token: { content: '[MASK]', lstrip: true }, pad_token: '<pad>' }
  const tokenizer = load(unigram, {}, config)
  expect([tokenizer.maskId, tokenizer.padId]).toEqual([8, 0])
  expect(tokenizer.encode('ab [MASK]', { specials: true })).toEqual([6, 8])
})

test('what cannot be had is refused', () => {
  const read =
    (options: Options, pieces: readonly PieceFields[] = unigram) =>
    () =>
      sentencePieceTokenizer(modelOf(pieces, options))
  expect(read({ modelType: 3 })).toThrow(
    'is of type 3; Unigram (1), BPE (2) and characters (4) are supported',
  )
  expect(read({}, [['a', 0]])).toThrow('has 0 unknown pieces')
  expect(() => sentencePieceTokenizer(Uint8Array.of(1, 2, 3))).toThrow('no SentencePiece model')
  expect(() =>
    sentencePieceTokenizer(modelOf(unigram), { tokenizer_class: 'XLMRobertaTokenizer' }),
  ).toThrow('XLMRobertaTokenizer numbers its tokens otherwise')
})

test(`survives ${CASES} mutations: a tokenizer, or refused as the user's mistake`, () => {
  const whole = modelOf(unigram, { charsmap: { ａ: 'a' } })
  let refused = 0
  const mutations = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 3,
  })
  fc.assert(
    fc.property(mutations, fc.boolean(), (list, isCut) => {
      const file = whole.slice(0, isCut ? list[0]?.[0] : undefined)
      for (const [at, byte] of list) if (at < file.length) file[at] = byte
      try {
        const tokenizer = loadTokenizer(sentencePieceTokenizer(file))
        tokenizer.decode(tokenizer.encode('ab ａ中'))
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused++
      }
    }),
    { numRuns: CASES },
  )
  expect(refused).toBeGreaterThan(CASES / 4)
})
