import { expect, test } from 'vitest'
import { robertaFile } from '../../../test/tokenizer-files.ts'
import { ByteLevelBpe } from '../bpe/byte-level-bpe.ts'
import { encodeInput } from '../encode-input.ts'
import { loadTokenizer } from '../load.ts'
import { byteLevelTokenizer } from './byte-level.ts'

const { vocab, merges } = robertaFile().model as unknown as {
  vocab: Record<string, number>
  merges: string[]
}
const mergesTxt = `#version: 0.2\n${merges.join('\n')}\n`

test('RoBERTa: vocab.json and merges.txt give the same tokenizer as its tokenizer.json', () => {
  const whole = loadTokenizer(robertaFile())
  for (const config of [{}, { tokenizer_class: 'RobertaTokenizer' }]) {
    const tokenizer = loadTokenizer(byteLevelTokenizer(vocab, mergesTxt, config))
    expect(tokenizer).toBeInstanceOf(ByteLevelBpe)
    expect(tokenizer.specialTokens).toEqual(whole.specialTokens)
    for (const text of ['the cat <mask>', ' the  我们🐋', '']) {
      const pair = 'a cat'
      expect(encodeInput(tokenizer, text, { pair, specials: true })).toEqual(
        encodeInput(whole, text, { pair, specials: true }),
      )
    }
  }
})

test('GPT-2 has nothing around a text, and its one special token', () => {
  const gpt2 = Object.fromEntries(Object.entries(vocab).filter(([token]) => !/^<.+>$/.test(token)))
  const config = { tokenizer_class: 'GPT2Tokenizer', unk_token: '<|endoftext|>' }
  const file = byteLevelTokenizer({ ...gpt2, '<|endoftext|>': 0 }, merges.join('\n'), config)
  const tokenizer = loadTokenizer(file, config)
  expect(tokenizer.specialTokens).toEqual({ '<|endoftext|>': 0 })
  expect([tokenizer.bosId, tokenizer.eosId, tokenizer.unkId]).toEqual([0, 0, 0])
  expect(encodeInput(tokenizer, ' the').ids).toEqual([vocab.Ġthe])
})

test('Qwen composes characters, cuts its own way, and lists what is not in the vocabulary', () => {
  const config = {
    tokenizer_class: 'Qwen2Tokenizer',
    added_tokens_decoder: {
      300: { content: '<|im_end|>', special: true },
      301: { content: '<think>' },
    },
    eos_token: '<|im_end|>',
  }
  const tokenizer = loadTokenizer(byteLevelTokenizer(vocab, mergesTxt, config), config)
  expect(tokenizer).toBeInstanceOf(ByteLevelBpe)
  expect([tokenizer.eosId, tokenizer.vocabSize]).toEqual([300, 302])
  expect(tokenizer.encode('e\u0301')).toEqual(tokenizer.encode('é'))
  expect(tokenizer.encode('<think>')).toEqual([301])
})

test('what is not such a pair of files is refused', () => {
  expect(() => byteLevelTokenizer([], '')).toThrow('vocab.json: not a JSON object')
  expect(() => byteLevelTokenizer({ 'a</w>': 0 }, '')).toThrow('as CLIP does')
  expect(() => loadTokenizer(byteLevelTokenizer({ a: 0 }, '')).encode('ab')).toThrow(
    'a byte of "b"',
  )
  expect(() => byteLevelTokenizer({ a: 0 }, '', { tokenizer_class: 'BartTokenizer' })).toThrow(
    'vocab.json: there is no <s>',
  )
})
