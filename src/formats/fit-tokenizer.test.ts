import { expect, test } from 'vitest'
import { bertFile } from '../../test/tokenizer-files.ts'
import { bertConfig } from '../models/encoder-config.ts'
import { loadTokenizer } from '../text/load.ts'
import { fitTokenizer } from './fit-tokenizer.ts'

const { vocabSize } = loadTokenizer(bertFile())
const config = bertConfig({ vocabSize, context: 16, layers: 1, dim: 8, heads: 2 })

/** `[CLS] A [SEP]`, all of one token type. */
const template = (type_id: number, ids = [2]) => {
  const single = [{ SpecialToken: { id: '[CLS]', type_id } }, { Sequence: { id: 'A', type_id } }]
  const special_tokens = { '[CLS]': { id: '[CLS]', ids, tokens: ['[CLS]'] } }
  return { type: 'TemplateProcessing', single, pair: single, special_tokens }
}
const fitted = (post_processor: object, given = config) =>
  fitTokenizer('tokenizer.json', loadTokenizer({ ...bertFile(), post_processor }), given)

test('what stands around texts is of the types and tokens that the model has', () => {
  expect(fitted(template(1)).tokenizer.vocabSize).toBe(vocabSize)
  expect(() => fitted(template(7))).toThrow(
    'tokenizer.json: post_processor has the token type (type_id) 7, but the model has 2, from 0 on',
  )
  expect(() => fitted(template(0, [vocabSize]))).toThrow(
    `post_processor has the token ${vocabSize}; ids end at ${vocabSize - 1}`,
  )
  // A model without token types does not look at them.
  expect(fitted(template(7), { ...config, tokenTypes: 0 }).unused).toEqual([])
})

test('a tokenizer of another model is refused', () => {
  expect(() => fitted(template(0), { ...config, vocabSize: vocabSize - 1 })).toThrow(
    `has ${vocabSize} tokens, but the model was made for ${vocabSize - 1}; they do not belong`,
  )
  const rows = vocabSize + 500
  expect(() => fitted(template(0), { ...config, vocabSize: rows })).toThrow(`made for ${rows}`)
  const tokenizer = loadTokenizer(bertFile())
  const pads = fitTokenizer('x', tokenizer, { ...config, vocabSize: rows }, { pads: true })
  expect(pads).toEqual({ tokenizer, unused: [] })
})
