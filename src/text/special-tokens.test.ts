import { describe, expect, test } from 'vitest'
import { trainBpe } from './bpe/train.ts'
import { trainCharTokenizer } from './char.ts'
import { encodeInput } from './encode-input.ts'
import { loadTokenizer } from './load.ts'
import { peerTokenizer } from './peer.ts'
import { CHAT_TOKENS, type ModelKind, specialTokensFor } from './special-tokens.ts'
import { tokenizerConfigOf } from './token-roles.ts'
import type { Tokenizer } from './tokenizer.ts'

const text = 'the cat sat on the mat. '.repeat(8)

const trained: [string, (kind: ModelKind) => Promise<Tokenizer>][] = [
  ['bytes', (kind) => trainBpe([text], { vocabSize: 400, kind })],
  ['characters', (kind) => trainCharTokenizer([text], { kind })],
]

/**
 * As it is read again from what is saved, with everything that Hugging Face's package gives too.
 */
function saved(tokenizer: Tokenizer): Tokenizer {
  const [json, config] = [tokenizer.toJSON(), tokenizerConfigOf(tokenizer)].map((part) =>
    JSON.parse(JSON.stringify(part)),
  )
  const { ids } = encodeInput(tokenizer, 'the cat', { pair: 'the mat' })
  expect(
    peerTokenizer(json, config).encode('the cat', {
      add_special_tokens: true,
      text_pair: 'the mat',
    }).ids,
  ).toEqual(ids)
  return loadTokenizer(json, config)
}

describe.each(trained)('a vocabulary of %s', (_, train) => {
  test('for an encoder has what BERT needs', async () => {
    const tokenizer = saved(await train('encoder'))
    const { padId, clsId, sepId, maskId, bosId, eosId, specialTokens } = tokenizer
    expect([padId, clsId, sepId, maskId]).toEqual(Object.values(specialTokens))
    expect(Object.keys(specialTokens)).toEqual(['[PAD]', '[CLS]', '[SEP]', '[MASK]'])
    expect([bosId, eosId]).toEqual([undefined, undefined])
    const [the, cat] = [tokenizer.encode('the'), tokenizer.encode(' cat')]
    expect(encodeInput(tokenizer, 'the', { pair: ' cat' })).toEqual({
      ids: [clsId, ...the, sepId, ...cat, sepId],
      typeIds: [0, ...the.map(() => 0), 0, ...cat.map(() => 1), 1],
    })
  })

  test('for an encoder-decoder has what T5 needs', async () => {
    const tokenizer = saved(await train('encoder-decoder'))
    const { padId, eosId, specialTokens } = tokenizer
    expect([padId, eosId]).toEqual([specialTokens['<pad>'], specialTokens['</s>']])
    expect(Object.keys(specialTokens)).toHaveLength(102)
    expect(specialTokens['<extra_id_99>']).toBe((specialTokens['<extra_id_0>'] as number) + 99)
    const the = tokenizer.encode('the')
    expect(encodeInput(tokenizer, 'the').ids).toEqual([...the, eosId])
  })

  test('for a decoder has nothing around a text', async () => {
    const tokenizer = saved(await train('decoder'))
    expect(encodeInput(tokenizer, 'the').ids).toEqual(tokenizer.encode('the'))
  })
})

test('a decoder has what parts documents, and the tokens of chats', () => {
  expect(specialTokensFor('decoder')).toEqual(['<|endoftext|>', ...CHAT_TOKENS])
})

test('special tokens of the user must have those that the model needs', async () => {
  const options = { vocabSize: 300, kind: 'encoder' as const }
  await expect(trainBpe([text], { ...options, specialTokens: ['[CLS]'] })).rejects.toThrow(
    'specialTokens lack [SEP], which an encoder needs; give [CLS] and [SEP] too',
  )
  const more = await trainBpe([text], { ...options, specialTokens: ['[SEP]', '[CLS]', '[X]'] })
  expect([more.sepId, more.clsId, more.padId]).toEqual([0, 1, undefined])
})
