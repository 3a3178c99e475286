import type { ModelFolder } from '../src/checkpoint/model-folder.ts'
import { architectureOf } from '../src/formats/huggingface/config.ts'
import { createModel, type ModelConfig } from '../src/models/model.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'

/** What reading a model's folder gives, without one. */
export function folderOf(
  config: ModelConfig,
  weights: Readonly<Record<string, Float32Array>>,
  tokenizer: Tokenizer,
  facts: Partial<ModelFolder> = {},
): ModelFolder {
  return {
    folder: 'a model in memory',
    architecture: architectureOf(config).modelType,
    config,
    unknownFields: [],
    unusedSettings: [],
    unusedTensors: [],
    tokenizer,
    chatTemplate: undefined,
    generation: {},
    addBos: false,
    fill: async (memory) => {
      for (const name of createModel(config).parameters().keys())
        memory(name).set(weights[name] as Float32Array)
      return []
    },
    ...facts,
  }
}
