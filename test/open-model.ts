import { asDecoder, withModel } from '../src/checkpoint/open-model.ts'
import { architectureOf } from '../src/formats/huggingface/config.ts'
import type { OpenModel } from '../src/formats/open-model.ts'
import type { DecoderConfig } from '../src/models/decoder-config.ts'
import type { ModelConfig } from '../src/models/model.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'

/** What opening a model's files gives, without files. */
export function openModelOf<C extends ModelConfig>(
  config: C,
  weights: Readonly<Record<string, Float32Array>>,
  tokenizer: Tokenizer,
  facts: Partial<OpenModel> = {},
): OpenModel<C> {
  return {
    path: 'a model in memory',
    architecture: architectureOf(config).modelType,
    unknownFields: [],
    unusedSettings: [],
    unusedTensors: [],
    tokenizer,
    chatTemplate: undefined,
    generation: {},
    addBos: false,
    stored: [],
    read: async (name, out) => {
      const values = weights[name] as Float32Array
      out?.set(values)
      return out ?? values.slice()
    },
    locate: async () => undefined,
    close: async () => {},
    ...facts,
    config,
  }
}

/** What the files of a model say, which are closed again. */
export const modelIn = (path: string): Promise<OpenModel> => withModel(path, (model) => model)

export const decoderIn = (path: string): Promise<OpenModel<DecoderConfig>> =>
  withModel(path, asDecoder)
