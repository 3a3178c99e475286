import { writeHuggingFace } from '../src/formats/huggingface/write.ts'
import type { ModelConfig } from '../src/models/model.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { openModelOf } from '../test/open-model.ts'

/** A folder in Hugging Face's layout with these weights, by our names. */
export const writeModel = (
  out: string,
  config: ModelConfig,
  weights: Readonly<Record<string, Float32Array>>,
  tokenizer: Tokenizer,
): Promise<void> =>
  writeHuggingFace(openModelOf(config, weights, tokenizer), out, { dtype: 'f32', shardBytes: 1e9 })
