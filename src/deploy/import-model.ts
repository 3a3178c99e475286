import { openSource } from '../checkpoint/open-model.ts'
import { writeHuggingFace } from '../formats/huggingface/write.ts'
import { withFiniteWeights } from '../formats/open-model.ts'
import { countParameters, createModel, type ModelConfig } from '../models/model.ts'
import { parseOptions } from '../options.ts'
import { type ImportOptions, importOptions } from './options.ts'

export interface Imported {
  /** The folder that was made. */
  out: string
  /** What the source calls the model's architecture. */
  architecture: string
  config: ModelConfig
  parameters: number
  tokens: number
  hasChatTemplate: boolean
  /** What the source says that is not known here. */
  unknownFields: readonly string[]
}

/**
 * Makes a model's folder in Hugging Face's layout of one in another format: a GGUF file, a `.bin`
 * of llama2.c, or another such folder (sharded, or in another type). The folder is written aside
 * and renamed.
 * Throws UserError with what is at fault in the source, or where the folder is there already.
 */
export async function importModel(options: ImportOptions): Promise<Imported> {
  const { source, tokenizer, out, dtype, shardSize } = parseOptions(importOptions, options)
  const model = await openSource(source, tokenizer)
  try {
    await writeHuggingFace(withFiniteWeights(model), out, { dtype, shardBytes: shardSize * 1e9 })
  } finally {
    await model.close()
  }
  const { architecture, config, chatTemplate, unknownFields } = model
  return {
    out,
    architecture,
    config,
    parameters: countParameters(createModel(config)),
    tokens: model.tokenizer.vocabSize,
    hasChatTemplate: chatTemplate !== undefined,
    unknownFields,
  }
}
