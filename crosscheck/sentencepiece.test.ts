import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Random } from '../src/random.ts'
import { sentencePieceTokenizer } from '../src/text/convert/sentencepiece.ts'
import { loadTokenizer } from '../src/text/load.ts'

const python = ['python3', '/usr/bin/python3'].find(
  (file) => spawnSync(file, ['-c', 'import sentencepiece']).status === 0,
)
if (!python) console.warn('SentencePiece was not found, so no tokenizer is compared with it')
const check = test.skipIf(!python && !process.env.CI)

const shared = (path: string) =>
  readFile(new URL(`../../shared/data/${path}`, import.meta.url), 'utf8')
const SCRIPT = fileURLToPath(new URL('../peers/sentencepiece/train_and_encode.py', import.meta.url))

/** Options of its trainer; each model stands for one thing that they differ in. */
const common = { vocab_size: 3000, character_coverage: 0.995, hard_vocab_limit: false }
const plain = { normalization_rule_name: 'identity', remove_extra_whitespaces: false }
const symbols = ['<sep>', '<|x|>', '3', '\n', '我们']
const models: Record<string, object> = {
  'Unigram, as T5': { ...common, model_type: 'unigram' },
  'Unigram, text as it is': { ...common, ...plain, model_type: 'unigram' },
  'Unigram with bytes and symbols': {
    ...common,
    model_type: 'unigram',
    byte_fallback: true,
    user_defined_symbols: symbols,
  },
  'BPE, as Llama 2': {
    ...common,
    ...plain,
    model_type: 'bpe',
    byte_fallback: true,
    split_digits: true,
  },
  'BPE with NFKC': { ...common, model_type: 'bpe' },
  'BPE with symbols, as Baichuan': {
    ...common,
    ...plain,
    model_type: 'bpe',
    byte_fallback: true,
    user_defined_symbols: symbols,
  },
  'BPE with NFKC and symbols': {
    ...common,
    model_type: 'bpe',
    user_defined_symbols: [...symbols, 'ａ'],
  },
  'BPE, no blank before a text, across blanks': {
    ...common,
    model_type: 'bpe',
    add_dummy_prefix: false,
    split_by_whitespace: false,
    normalization_rule_name: 'identity',
  },
  'Unigram, no blank before a text': {
    ...common,
    ...plain,
    model_type: 'unigram',
    add_dummy_prefix: false,
  },
  'Unigram, folded case': {
    ...common,
    model_type: 'unigram',
    normalization_rule_name: 'nmt_nfkc_cf',
  },
  characters: { ...common, model_type: 'char' },
}

/** Short texts of both languages, and what is rare in them. */
async function samples(): Promise<{ corpus: string[]; texts: string[] }> {
  const stories = JSON.parse(await shared('text/tinystories-1000.json')) as string[]
  const chinese = (
    JSON.parse(await shared('chat/alpaca_zh_hikariming.json')) as Record<string, string>[]
  )
    .slice(0, 3000)
    .map(({ instruction, output }) => `${instruction}\n${output}`)
  const random = new Random(7)
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)] as T
  const odd = [
    ...[
      '  ',
      ' ',
      '\n',
      ' \n',
      '\t',
      '\u3000',
      'ａｂｃ',
      '①',
      'ﬁ',
      'é',
      'e\u0301',
      '👩‍👩‍👧',
      '🐋',
      '\u200b',
    ],
    ...[
      'aaaaaaaa',
      '......',
      '3.14',
      '2023年',
      '<sep>',
      '<|x|>',
      '<s>',
      '</s>',
      '<unk>',
      '<0x41>',
      '▁',
      '▁▁',
    ],
    ...['我们', '我', 'Ⅷ', '㍿', '\r\n', '\u00a0', '\ufeff', '0', '３', 'İ', 'ß'],
  ]
  const texts = Array.from({ length: 3000 }, (_, i) => {
    const source = pick(i % 2 ? stories : chinese)
    const start = random.integer(source.length)
    const text = Array.from(source.slice(start, start + random.integer(120))).join('')
    const parts =
      i % 3 === 0 ? [text] : [pick(odd), text.slice(0, 30), pick(odd), text.slice(30), pick(odd)]
    return Buffer.from(parts.join('')).toString()
  })
  const corpus = [...stories.slice(0, 400), ...chinese.slice(0, 1500)].flatMap((text) =>
    text.split('\n'),
  )
  return { corpus: corpus.filter((line) => line !== ''), texts }
}

check('ids and texts are those of SentencePiece, for models that its trainer made', async () => {
  const { corpus, texts } = await samples()
  const input = JSON.stringify({ corpus, texts, models })
  const { stdout, stderr, status } = spawnSync(python as string, [SCRIPT], {
    input,
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  const results = JSON.parse(stdout) as Record<
    string,
    { model: string; ids: number[][]; decoded: string[] }
  >
  for (const [name, { model, ids, decoded }] of Object.entries(results)) {
    const tokenizer = loadTokenizer(sentencePieceTokenizer(Buffer.from(model, 'base64')))
    const saved = loadTokenizer(JSON.parse(JSON.stringify(tokenizer.toJSON())))
    const found = texts.map((text) => tokenizer.encode(text))
    const wrong = texts.findIndex((_, i) => found[i]?.join() !== ids[i]?.join())
    expect([texts[wrong], found[wrong]], name).toEqual([texts[wrong], ids[wrong]])
    expect(texts.map((text) => saved.encode(text))).toEqual(ids)
    // It has a text for what is unknown.
    const known = ids.flatMap((one, i) => (one.includes(tokenizer.unkId as number) ? [] : [i]))
    expect(known.length).toBeGreaterThan(500)
    expect(known.map((i) => tokenizer.decode(ids[i] as number[]))).toEqual(
      known.map((i) => decoded[i]),
    )
  }
})
