import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openFile, writeFile } from '../src/files/node-file.ts'
import { encodeGguf } from '../src/formats/gguf/encode.ts'
import { openGguf } from '../src/formats/gguf/gguf.ts'
import { text } from '../src/formats/gguf/values.ts'
import {
  gpt4oSource,
  qwen35Source,
  tekkenSource,
} from '../src/formats/gguf/vocabulary/byte-level.ts'
import { readChatTemplate, readGgufTokenizer } from '../src/formats/gguf/vocabulary/read.ts'
import { writeGgufTokenizer } from '../src/formats/gguf/vocabulary/write.ts'
import { Random } from '../src/random.ts'
import { byteLevelJson } from '../src/text/bpe/byte-level-json.ts'
import { llama3Source, qwen2Source, splitSources } from '../src/text/bpe/split.ts'
import { trainBpe } from '../src/text/bpe/train.ts'
import { trainCharTokenizer } from '../src/text/char.ts'
import { encodeInput } from '../src/text/encode-input.ts'
import { loadTokenizer } from '../src/text/load.ts'
import type { ModelKind } from '../src/text/special-tokens.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { readBpeModel, type TokenizerJson } from '../src/text/tokenizer-json.ts'
import { bertFile, llama2File, t5File } from '../test/tokenizer-files.ts'
import { type Llama, loadLlama } from './llama.ts'

const found = loadLlama()
if (!found && process.env.CI === 'true') throw new Error('node-llama-cpp is not installed in peers')
const llama = found as Llama

const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(() => rm(folder, { recursive: true }))

const corpus = await readFile(
  new URL('../../shared/data/tokenizer/corpus.en', import.meta.url),
  'utf8',
)
const byteLevel = (split: 'gpt2' | 'cl100k', kind?: ModelKind) =>
  trainBpe([corpus.slice(0, 100_000)], { vocabSize: 900, split, kind })

/** The same vocabulary with another way to cut text. */
async function cutBy(pattern: string, ignoreMerges: boolean): Promise<Tokenizer> {
  const { model } = (await byteLevel('cl100k')).toJSON() as TokenizerJson
  const { vocab, merges } = readBpeModel(model)
  return loadTokenizer(
    byteLevelJson({
      split: { pattern },
      vocab,
      merges: merges as [string, string][],
      specials: {},
      ignoreMerges,
    }),
  )
}

const tokenizers: Record<string, () => Promise<Tokenizer>> = {
  'byte-level BPE that cuts as GPT-2': () => byteLevel('gpt2'),
  'byte-level BPE that cuts as GPT-4': () => byteLevel('cl100k'),
  'byte-level BPE for an encoder': () => byteLevel('gpt2', 'encoder'),
  'byte-level BPE for an encoder-decoder': () => byteLevel('cl100k', 'encoder-decoder'),
  'byte-level BPE that cuts as Qwen 2': () => cutBy(qwen2Source, false),
  'byte-level BPE that cuts as Llama 3': () => cutBy(llama3Source, true),
  'byte-level BPE that cuts as Qwen 3.5': () => cutBy(qwen35Source, false),
  'byte-level BPE that cuts as GPT-4o': () => cutBy(gpt4oSource, false),
  'byte-level BPE that cuts as Mistral NeMo': () => cutBy(tekkenSource, true),
  'byte-level BPE that cuts off every digit': async () => {
    const json = (await cutBy(splitSources.gpt2, false)).toJSON() as TokenizerJson
    const digits = { type: 'Digits', individual_digits: true }
    const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: true }
    return loadTokenizer({
      ...json,
      pre_tokenizer: { type: 'Sequence', pretokenizers: [digits, bytes] },
    })
  },
  "SentencePiece's BPE with bytes": async () => loadTokenizer(llama2File()),
  characters: () => trainCharTokenizer([...ALPHABET, '\n']),
  'characters for an encoder': () => trainCharTokenizer([...ALPHABET, '\n'], { kind: 'encoder' }),
  Unigram: async () => loadTokenizer(t5File()),
  WordPiece: async () => loadTokenizer(bertFile()),
}

const ALPHABET = [
  ...'abcdeghinopstuvy ABT  .,!?\'"-()[]01239',
  ...[
    "'s",
    "'LL",
    ' the',
    'cat',
    'playing',
    '我们',
    '的',
    '。',
    'é',
    'ü',
    'ß',
    '🙂',
    'ａ',
    'и',
    'ع',
  ],
]
const random = new Random(11)
/** White space with line breaks that ends a text is what llama.cpp cuts otherwise than GPT-4. */
const texts = Array.from({ length: 300 }, (_, i) => {
  const letters = i % 3 > 0 ? ALPHABET : [...ALPHABET, '\n', '\n', '  ']
  const parts = Array.from({ length: 1 + (i % 40) }, () => letters[random.integer(letters.length)])
  return `${parts.join('')}.`
})

describe.runIf(found)('llama.cpp with a tokenizer of ours', () => {
  it.each(Object.entries(tokenizers))('%s: makes the same tokens', async (name, create) => {
    const tokenizer = await create()
    const file = join(folder, `${name}.gguf`)
    const options = { rows: tokenizer.vocabSize + 3, addBos: false, chatTemplate: '{{ x }}' }
    const metadata = new Map([
      ['general.architecture', text('llama')],
      ...writeGgufTokenizer(tokenizer, options),
    ])
    await writeFile(file, encodeGguf({ metadata, tensors: [] }))
    const theirs = llama.open(file, { vocabOnly: true })
    const expected = theirs.tokenize('', { addSpecial: true })
    expect(encodeInput(tokenizer, '').ids).toEqual(expected)
    for (const one of texts) {
      const { ids } = encodeInput(tokenizer, one)
      expect(theirs.tokenize(one), JSON.stringify(one)).toEqual(ids)
    }
    theirs.close()

    const { metadata: saved, close } = await openGguf(await openFile(file))
    const { json, config } = readGgufTokenizer(saved)
    await close()
    expect(readChatTemplate(saved)).toBe('{{ x }}')
    const again = loadTokenizer(json, config)
    for (const one of texts) {
      const { ids } = encodeInput(again, one)
      expect(ids).toEqual(encodeInput(tokenizer, one).ids)
      const specials = { specials: true }
      expect(again.decode(ids, specials)).toBe(tokenizer.decode(ids, specials))
      // Where an unknown token is left out, SentencePiece takes the blank behind it for a leading
      // one.
      if (!ids.includes(tokenizer.specialTokens['<unk>'] as number))
        expect(again.decode(ids)).toBe(tokenizer.decode(ids))
    }
    expect(again.specialTokens).toEqual(tokenizer.specialTokens)
    expect(again.vocabSize).toBe(tokenizer.vocabSize)
  })
})
