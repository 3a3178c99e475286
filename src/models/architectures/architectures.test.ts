import { describe, expect, test } from 'vitest'
import { familyOf } from '../../formats/huggingface/config.ts'
import { DECODER_STYLES, ENCODER_DECODER_STYLES, ENCODER_STYLES } from './index.ts'

const STYLES = { ...DECODER_STYLES, ...ENCODER_STYLES, ...ENCODER_DECODER_STYLES }

/** Where Hugging Face's name is another; the Transformer of 2017 has none. */
const NAMES: Record<string, string> = {
  gemma3: 'gemma3_text',
  'qwen3-moe': 'qwen3_moe',
  transformer: 'chatwright',
}

describe.each([2, 7])('%s layers', (layers) => {
  test.each(Object.entries(STYLES))('%s is what Hugging Face has by that name', (name, style) => {
    const config = style({ vocabSize: 61, context: 48, layers, dim: 32, heads: 4 })
    expect(familyOf(config).modelType).toBe(NAMES[name] ?? name)
  })
})
