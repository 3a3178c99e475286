import { describe, expect, test } from 'vitest'
import { bertFile, robertaFile, t5File } from '../../test/tokenizer-files.ts'
import { encodeInput } from '../text/encode-input.ts'
import { loadTokenizer } from '../text/load.ts'
import { peerTokenizer } from '../text/peer.ts'
import type { TokenizerConfig, TokenizerJson } from '../text/tokenizer-json.ts'
import { tokenizerFile } from './tokenizer-file.ts'

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true }

const CASES: [string, TokenizerJson, TokenizerConfig, string][] = [
  ['BERT', { ...bertFile(), post_processor: null }, {}, 'the cat'],
  [
    'BOS by the configuration',
    { ...robertaFile(), post_processor: null },
    { bos_token: '<s>', eos_token: '</s>', add_bos_token: true },
    'the cat',
  ],
  [
    'BOS and EOS, beside what a byte-level tokenizer has',
    { ...robertaFile(), post_processor: byteLevel },
    { bos_token: '<s>', eos_token: '</s>', add_bos_token: true, add_eos_token: true },
    'the cat',
  ],
]

describe.each(CASES)('%s', (_, json, config, text) => {
  const tokenizer = loadTokenizer(json, config)
  const written = tokenizerFile(tokenizer) as TokenizerJson

  test("Hugging Face's library reads what stands around texts from the file alone", () => {
    const peer = peerTokenizer(JSON.parse(JSON.stringify(written)), {})
    const { ids } = peer.encode(text, { add_special_tokens: true })
    expect(ids).toEqual(encodeInput(tokenizer, text).ids)
    const two = peer.encode(text, { add_special_tokens: true, text_pair: 'cat' })
    expect(two.ids).toEqual(encodeInput(tokenizer, text, { pair: 'cat' }).ids)
    expect(ids.length).toBeGreaterThan(tokenizer.encode(text).length)
  })

  test('so does a tokenizer of our own, pairs too', () => {
    const again = loadTokenizer(written)
    const pair = (one: typeof tokenizer) => encodeInput(one, text, { pair: 'cat' })
    expect(pair(again)).toEqual(pair(tokenizer))
  })
})

test('a file that says so already, or has nothing to say, stays as it is', () => {
  for (const json of [bertFile(), t5File(), { ...robertaFile(), post_processor: byteLevel }]) {
    const tokenizer = loadTokenizer(json, { cls_token: null, sep_token: null })
    expect(tokenizerFile(tokenizer)).toEqual(tokenizer.toJSON())
  }
})
