import { expect, test } from 'vitest'
import { Decoder } from '../../../models/decoder.ts'
import { gpt2Config, llamaConfig } from '../../../models/decoder-config.ts'
import { bertConfig, bertHead } from '../../../models/encoder-config.ts'
import { createModel } from '../../../models/model.ts'
import { adaptablesOf } from './adaptable.ts'
import { selectLayers } from './select-layers.ts'

const sizes = { vocabSize: 13, context: 8, layers: 2, dim: 8, heads: 2 }
const gpt2 = adaptablesOf(new Decoder(gpt2Config(sizes)))
const llama = adaptablesOf(new Decoder(llamaConfig(sizes)))
const selected = (all: typeof gpt2, layers: string | string[]) =>
  selectLayers(all.values(), layers).map(({ name }) => name)

test('names are whole, or an end after a dot', () => {
  expect(selected(llama, ['q_proj', 'model.layers.1.mlp.up_proj'])).toEqual([
    'model.layers.0.self_attn.q_proj',
    'model.layers.1.self_attn.q_proj',
    'model.layers.1.mlp.up_proj',
  ])
  expect(selected(gpt2, ['attn.c_proj'])).toEqual([
    'transformer.h.0.attn.c_proj',
    'transformer.h.1.attn.c_proj',
  ])
  expect(() => selected(llama, ['proj'])).toThrow(/no layer is named proj.*q_proj, k_proj/)
  expect(() => selected(llama, ['q_proj', 'c_attn'])).toThrow(/no layer is named c_attn/)
  expect(() => selected(llama, ['q.proj'])).toThrow(/no layer is named q\.proj/)
})

test('an expression is of whole names', () => {
  expect(selected(llama, '.*\\.0\\..*(q|v)_proj')).toEqual([
    'model.layers.0.self_attn.q_proj',
    'model.layers.0.self_attn.v_proj',
  ])
  expect(() => selected(llama, 'q_proj')).toThrow(/no layer is named q_proj/)
  expect(() => selected(llama, '(')).toThrow(/no regular expression/)
})

test('all-linear is every matrix but the output', () => {
  expect(selected(llama, 'all-linear')).toHaveLength(14)
  expect(selected(gpt2, 'all-linear')).toHaveLength(8)
  expect([...llama.keys()]).toContain('lm_head')
  expect(() => selected(llama, ['lm_head'])).toThrow(/output layer/)
  const head = bertHead('classify', ['bad', 'good'])
  const bert = adaptablesOf(createModel(bertConfig({ ...sizes, head })))
  expect([...bert.keys()]).toContain('classifier')
  expect(selected(bert, 'all-linear')).toHaveLength(13)
  expect(selected(bert, ['query'])[1]).toBe('bert.encoder.layer.1.attention.self.query')
})
