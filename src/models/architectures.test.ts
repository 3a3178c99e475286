import { describe, expect, test } from 'vitest'
import { architectureOf } from '../formats/huggingface/config.ts'
import {
  DECODER_ARCHITECTURES,
  ENCODER_ARCHITECTURES,
  ENCODER_DECODER_ARCHITECTURES,
} from './architectures.ts'

const ARCHITECTURES = {
  ...DECODER_ARCHITECTURES,
  ...ENCODER_ARCHITECTURES,
  ...ENCODER_DECODER_ARCHITECTURES,
}

/** Where Hugging Face's name is another; the Transformer of 2017 has none. */
const NAMES: Record<string, string> = {
  gemma3: 'gemma3_text',
  'qwen3-moe': 'qwen3_moe',
  transformer: 'chatwright',
}

describe.each([2, 7])('%s layers', (layers) => {
  test.each(Object.entries(ARCHITECTURES))(
    '%s is what Hugging Face has by that name',
    (name, architecture) => {
      const config = architecture({ vocabSize: 61, context: 48, layers, dim: 32, heads: 4 })
      expect(architectureOf(config).modelType).toBe(NAMES[name] ?? name)
    },
  )
})
