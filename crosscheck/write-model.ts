import { writeHuggingFace } from '../src/formats/huggingface/write.ts'
import type { ModelConfig } from '../src/models/model.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'

/** A folder in Hugging Face's layout with these weights, by our names. */
export const writeModel = (
  out: string,
  config: ModelConfig,
  weights: Readonly<Record<string, Float32Array>>,
  tokenizer: Tokenizer,
): Promise<void> =>
  writeHuggingFace(
    {
      architecture: '',
      config,
      tokenizer,
      chatTemplate: undefined,
      generation: {},
      addBos: false,
      unknownFields: [],
      unusedSettings: [],
      unusedTensors: [],
      read: async (name) => weights[name] as Float32Array,
      close: async () => {},
    },
    out,
    { dtype: 'f32', shardBytes: 1e9 },
  )
