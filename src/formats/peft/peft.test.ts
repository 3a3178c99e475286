import { expect, test } from 'vitest'
import { UserError } from '../../errors.ts'
import { Decoder } from '../../models/decoder.ts'
import { llamaConfig } from '../../models/decoder-config.ts'
import { Lora } from './lora/lora.ts'
import { peftScale, readPeftConfig, writePeftConfig } from './peft.ts'

const model = new Decoder(llamaConfig({ vocabSize: 13, context: 8, layers: 1, dim: 8, heads: 2 }))
const lora = { rank: 4, alpha: 8, dropout: 0.1, layers: 'all-linear', rslora: true }
const written = writePeftConfig(new Lora(model, lora), 'owner/name')
const read = (changes: object) => readPeftConfig({ ...written, ...changes }, 'adapter_config.json')

test('what is written is read again', () => {
  expect(read({})).toMatchObject({ r: 4, lora_alpha: 8, use_rslora: true })
  expect(read({}).base_model_name_or_path).toBe('owner/name')
  expect(read({}).target_modules).toEqual([
    'down_proj',
    'gate_proj',
    'k_proj',
    'o_proj',
    'q_proj',
    'up_proj',
    'v_proj',
  ])
  expect(peftScale(read({}))('any', 4)).toBe(4)
})

test('a module may have an alpha and a rank of its own', () => {
  const scale = peftScale(
    read({ use_rslora: null, alpha_pattern: { q_proj: 2, 'layers\\.1\\..*': 6 } }),
  )
  expect(scale('model.layers.0.self_attn.q_proj', 4)).toBe(0.5)
  expect(scale('model.layers.1.mlp.up_proj', 2)).toBe(3)
  expect(scale('model.layers.11.mlp.up_proj', 2)).toBe(4)
})

test.each([
  [{ peft_type: 'LOHA' }, /peft_type.*must be LoRA/],
  [{ r: 0 }, /adapter_config\.json: r:/],
  [{ bias: 'all' }, /bias is "all".*not supported/],
  [{ use_dora: true }, /use_dora/],
  [{ trainable_token_indices: [1, 2] }, /trainable_token_indices/],
  [{ init_lora_weights: 'olora' }, /changed the base's weights/],
])('what would be computed otherwise is refused: %o', (changes, why) => {
  expect(() => read(changes)).toThrow(UserError)
  expect(() => read(changes)).toThrow(why)
})

test('a faulty expression is named', () => {
  expect(() => peftScale(read({ alpha_pattern: { '(': 1 } }))).toThrow(/no regular expression/)
})
