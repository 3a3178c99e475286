import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { llama2File } from '../../test/tokenizer-files.ts'
import { ByteLevelBpe } from './bpe/byte-level-bpe.ts'
import { trainBpe } from './bpe/train.ts'
import { CharTokenizer } from './char.ts'
import { loadTokenizer } from './load.ts'
import { peerTokenizer } from './peer.ts'
import { PipelineTokenizer } from './pipeline/pipeline-tokenizer.ts'
import type { TokenizerJson } from './tokenizer-json.ts'

const corpus = `The year 2024 isn't over; WE'LL see 31,415 whales. 鲸鱼在2024年游泳，我们看到了。
\tif (x) { return 'ok' }\r\n\r\n  <think>naïve 🐋</think>  `

let base: TokenizerJson
beforeAll(async () => {
  base = (await trainBpe([corpus.repeat(4)], { vocabSize: 380 })).toJSON()
})

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true }
const split = (Regex: string) => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
    { ...byteLevel, use_regex: false },
  ],
})
const llama3 =
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}` +
  String.raw`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** The pre-tokenizers of known architectures; none but GPT-2's is spelled as ours are. */
const architectures: Record<string, Partial<TokenizerJson>> = {
  'GPT-2': { pre_tokenizer: { ...byteLevel, use_regex: true } },
  'Llama 3': { pre_tokenizer: split(llama3) },
  'Qwen 2': { pre_tokenizer: split(llama3.replace('{1,3}', '')), normalizer: { type: 'NFC' } },
  // Three cuts, one after the other, as DeepSeek's; the pattern is not one that we have a scanner
  // for.
  DeepSeek: {
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: String.raw`\p{N}{1,3}` },
          behavior: 'Isolated',
          invert: false,
        },
        { type: 'Split', pattern: { Regex: '[一-龥]+' }, behavior: 'Isolated', invert: false },
        {
          type: 'Split',
          pattern: { Regex: String.raw`[^\s\p{L}]?\p{L}+|\s+` },
          behavior: 'Isolated',
          invert: false,
        },
        { ...byteLevel, use_regex: false },
      ],
    },
  },
  // StarCoder: single digits first, then GPT-2's pattern.
  StarCoder: {
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { ...byteLevel, use_regex: true },
      ],
    },
  },
}

// Not U+0085 and U+FEFF: where it cuts by GPT-2's pattern, the peer takes JavaScript's white space.
const texts = fc.oneof(
  fc
    .array(fc.constantFrom(...corpus, ' ', "'s", "'LL", '12345', 'e\u0301', '\r\n'), {
      maxLength: 40,
    })
    .map((c) => c.join('')),
  fc.string({ unit: 'grapheme' }).filter((text) => !/[\u0085\ufeff]/.test(text)),
)

describe.each(Object.entries(architectures))('a %s file', (_, architecture) => {
  test('gives the ids that @huggingface/tokenizers gives', () => {
    const json = { ...base, ...architecture }
    const tokenizer = loadTokenizer(json)
    expect(tokenizer).toBeInstanceOf(ByteLevelBpe)
    const peer = peerTokenizer(json, {})
    fc.assert(
      fc.property(texts, (text) => {
        const ids = tokenizer.encode(text, { specials: true })
        expect(ids).toEqual(peer.encode(text, { add_special_tokens: false }).ids)
      }),
      { numRuns: 400 },
    )
  })
})

describe('a byte-level file', () => {
  test('has text tokens, which are not special', () => {
    const added = { id: 380, content: '<think>', special: false }
    const tokenizer = loadTokenizer({ ...base, added_tokens: [...base.added_tokens, added] })
    expect(tokenizer.encode('a<think>b')).toEqual([
      ...tokenizer.encode('a'),
      380,
      ...tokenizer.encode('b'),
    ])
    expect(tokenizer.decode([380])).toBe('<think>')
    expect(tokenizer.specialTokens['<think>']).toBeUndefined()
    expect(tokenizer.vocabSize).toBe(381)
  })

  test('with ignore_merges takes a word that is a token as it stands', () => {
    const vocab = { ...(base.model.vocab as object), zq: 380 }
    const load = (ignore_merges: boolean) =>
      loadTokenizer({ ...base, model: { ...base.model, vocab, ignore_merges } })
    expect(load(true).encode('zq')).toEqual([380])
    expect(load(false).encode('zq')).toHaveLength(2)
    expect(load(true).encode('zqz')).toHaveLength(3)
  })

  test('learns from tokenizer_config.json which tokens begin and end a text', () => {
    const config = { bos_token: { content: '<|im_start|>' }, eos_token: '<|im_end|>' }
    const { bosId, eosId } = loadTokenizer(base, config)
    expect([bosId, eosId]).toEqual([1, 2])
    expect(() => loadTokenizer(base, { eos_token: '</s>' })).toThrow(
      /eos_token is "<\/s>", which is not among the added_tokens/,
    )
  })
})

describe('anything else is a pipeline', () => {
  const added = (id: number, content: string) => ({
    id,
    content,
    special: true,
    lstrip: false,
    rstrip: false,
    single_word: false,
    normalized: false,
  })
  const sentencePiece = {
    added_tokens: [added(0, '<unk>'), added(1, '<s>'), added(2, '</s>')],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(
        [
          ...['<unk>', '<s>', '</s>'],
          ...Array.from(
            { length: 256 },
            (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
          ),
          ...['▁', 'h', 'i', '<', 's', '>', '/', 'hi', '▁hi'],
        ].map((token, id) => [token, id]),
      ),
      merges: ['h i', '▁ hi'],
    },
  }

  test('a SentencePiece model with byte fallback', () => {
    const tokenizer = loadTokenizer(sentencePiece)
    expect(tokenizer).toBeInstanceOf(PipelineTokenizer)
    expect(tokenizer.vocabSize).toBe(268)
    expect([tokenizer.bosId, tokenizer.eosId]).toEqual([1, 2])
    expect(tokenizer.encode('hi hi')).toEqual([267, 267])
    expect(tokenizer.decode([1, 267, 267, 2])).toBe('hi hi')
    // Text that looks like a special token is not one, unless it is to be parsed.
    expect(tokenizer.encode('</s>')).toEqual([259, 262, 265, 263, 264])
    expect(tokenizer.encode('</s>', { specials: true })).toEqual([2])
    expect(tokenizer.encode('')).toEqual([])
    expect(tokenizer.decode([])).toBe('')
    expect(() => tokenizer.decode([268])).toThrow(RangeError)
  })

  test('a stream of it keeps blanks and never emits half a character', () => {
    const tokenizer = loadTokenizer(sentencePiece)
    const decoder = tokenizer.decoder()
    const ids = [1, ...tokenizer.encode('hi hi é 中 hi'), 2]
    const parts = ids.map((id) => decoder.push(id))
    expect(parts.join('') + decoder.end()).toBe('hi hi é 中 hi')
    expect(parts.join('')).not.toContain('\ufffd')
  })

  test('a Unigram model, whose vocabulary lists special tokens as pieces', () => {
    const unigram = {
      ...sentencePiece,
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: [
          ['<unk>', 0],
          ['<s>', 0],
          ['</s>', 0],
          ['▁', -3],
          ['a', -2],
          ['b', -2],
          ['▁ab', -1],
          ['<', -5],
          ['/', -5],
          ['s', -5],
          ['>', -5],
        ],
      },
    }
    const tokenizer = loadTokenizer(unigram)
    expect(tokenizer.encode('ab a')).toEqual([6, 3, 4])
    expect(tokenizer.encode('</s>').includes(2)).toBe(false)
    expect(tokenizer.vocabSize).toBe(11)
  })

  test('what it cannot read is refused', () => {
    expect(() => loadTokenizer({ ...sentencePiece, normalizer: { type: 'Sideways' } })).toThrow(
      'tokenizer.json: normalizer is "Sideways", which is not supported',
    )
  })
})

test('a character vocabulary is recognized', () => {
  const json = {
    added_tokens: [],
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] },
  }
  const tokenizer = loadTokenizer(json)
  expect(tokenizer).toBeInstanceOf(CharTokenizer)
  expect(tokenizer.encode('abba')).toEqual([0, 1, 1, 0])
})

describe('a vocabulary that lacks bytes, as those of StarCoder and Falcon do', () => {
  const lacking = (fields: object = {}) => {
    const { q: _, ñ: __, ...vocab } = base.model.vocab as Record<string, number>
    return loadTokenizer({ ...base, model: { ...base.model, vocab, ...fields } })
  }
  // U+2C6D is E2 B1 AD, and U+40000 begins with F1: the byte alphabet has ñ for it.
  const text = 'a 我 中 🐋 end'

  test('reads every text that does not have them', () => {
    expect(lacking().encode(text)).toEqual(loadTokenizer(base).encode(text))
    expect(lacking().unknown?.('quite \u{40000} 我们')).toEqual(['q', '\u{40000}'])
    expect(loadTokenizer(base).unknown?.('q\u{40000}')).toEqual([])
  })
  test('refuses one that does, without an unknown token', () => {
    expect(() => lacking().encode('我 \u{40000}')).toThrow(
      'the tokenizer lacks a byte of "\u{40000}" (U+40000), and has no token for what is unknown',
    )
    expect(() => lacking().encode('equal')).toThrow('a byte of "q" (U+0071)')
  })
  test('has the unknown token for them, as its own library', () => {
    const [unknown] = lacking().encode('!')
    const tokenizer = lacking({ unk_token: '!' })
    const plain = loadTokenizer(base).encode('a')
    expect(tokenizer.encode('aqa')).toEqual([...plain, unknown, ...plain])
    expect(tokenizer.encode('\u{40000}').filter((id) => id === unknown)).toHaveLength(1)
  })
})

describe('a faulty file is refused with the place of the fault', () => {
  const llama = llama2File()
  const model = (change: object) => () =>
    loadTokenizer({ ...base, model: { ...base.model, ...change } })
  const merges = () => [...(base.model.merges as string[])]
  const vocab = () => ({ ...(base.model.vocab as Record<string, number>) })

  test.each([null, [], 'tokenizer', 3])('%j', (json) => {
    expect(() => loadTokenizer(json)).toThrow('tokenizer.json: not a JSON object')
  })
  test('a path', () => {
    expect(() => loadTokenizer('my-model')).toThrow('readTokenizer reads files and folders')
  })
  test('no model', () => {
    expect(() => loadTokenizer({})).toThrow('tokenizer.json: no "model"')
  })
  test('a merge that is no pair', () => {
    for (const wrong of ['ab', 'a b c', ['a'], [1, 2], null, 'a ']) {
      expect(model({ merges: merges().toSpliced(12, 1, wrong as string) })).toThrow(
        'tokenizer.json: merges[12] is not a pair of tokens',
      )
    }
  })
  test('a merge whose result is no token', () => {
    expect(model({ merges: [...merges(), '~ ~'] })).toThrow(
      /merges\[\d+\] needs "~~", which is not in the vocabulary/,
    )
  })
  test.each(['__proto__', 'constructor', 'toString'])(
    'a step or a model of the type %s',
    (type) => {
      const step = { type, pattern: { String: 'a' } }
      for (const part of ['normalizer', 'pre_tokenizer', 'decoder']) {
        const file = { ...llama, [part]: step }
        expect(() => loadTokenizer(file)).toThrow(`${part} is "${type}", which is not supported`)
        const sequence = {
          type: 'Sequence',
          normalizers: [step],
          pretokenizers: [step],
          decoders: [step],
        }
        expect(() => loadTokenizer({ ...llama, [part]: sequence })).toThrow(`${part}[0] is`)
      }
      const other = { ...llama, model: { ...llama.model, type } }
      expect(() => loadTokenizer(other)).toThrow(`model.type is "${type}"; expected WordPiece`)
      const split = { type: 'Split', pattern: { String: 'a' }, behavior: type }
      expect(() => loadTokenizer({ ...llama, pre_tokenizer: split })).toThrow(
        `the behavior "${type}"; expected Removed`,
      )
      const processor = { ...llama, post_processor: { type } }
      expect(() => loadTokenizer(processor)).toThrow(`post_processor is "${type}"; expected`)
    },
  )
  test('a token type that is none', () => {
    for (const type_id of [-1, 0.5]) {
      const single = [{ Sequence: { id: 'A', type_id } }]
      const post_processor = {
        type: 'TemplateProcessing',
        single,
        pair: single,
        special_tokens: {},
      }
      expect(() => loadTokenizer({ ...llama, post_processor })).toThrow(
        `the type_id ${type_id}; expected a whole number`,
      )
    }
  })
  test('ids that are none, or given twice', () => {
    expect(model({ vocab: { ...vocab(), new: -1 } })).toThrow('vocab["new"] is -1, not a token id')
    expect(model({ vocab: { ...vocab(), new: 5 } })).toThrow(/id 5 is both "#" and "new"/)
  })
  test('added tokens', () => {
    const added = (token: unknown) => () => loadTokenizer({ ...base, added_tokens: [token] })
    expect(added({ id: 'x', content: 'a' })).toThrow('added_tokens[0].id is "x", not a token id')
    expect(added({ id: 1 })).toThrow('added_tokens[0].content is undefined, not a text')
  })
  test('a pattern that cannot be compiled', () => {
    expect(() => loadTokenizer({ ...base, pre_tokenizer: split('(') })).toThrow(
      /tokenizer.json: pre_tokenizer\[0\]: Invalid regular expression/,
    )
  })
})
