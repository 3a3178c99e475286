import type { OpenModel } from '../formats/open-model.ts'
import { countParameters, createModel, type ModelConfig, stacksOf } from '../models/model.ts'
import { trainingFlopsPerToken } from '../models/parameters.ts'
import type { StackConfig } from '../models/stack-config.ts'
import { isWriting, withModel } from './open-model.ts'

/** What a model folder holds; sizes are in bytes. */
export interface Inspection {
  architecture: string
  config: ModelConfig
  parameters: number
  /** Element types of the weights on the disk, and their size. */
  dtypes: string[]
  weightBytes: number
  /**
   * Of keys and values, for one sequence as long as the context, in fp32; 0 where nothing is
   * written.
   */
  cacheBytes: number
  /** Parameters, gradients and the two moments of AdamW, in fp32. */
  trainingBytes: number
  /** Floating-point operations of a forward pass, and of a training step, at the full context. */
  flopsPerToken: number
  trainingFlopsPerToken: number
  tokenizer: { kind: string; vocabSize: number; specialTokens: string[] }
  hasChatTemplate: boolean
  /** Fields of config.json that are not known here. */
  unknownFields: readonly string[]
}

/** Describes a model folder without reading its weights. Throws UserError when it is none. */
export const inspectModel = (folder: string): Promise<Inspection> => withModel(folder, inspect)

function inspect(opened: OpenModel): Inspection {
  const { architecture, config, tokenizer, chatTemplate, unknownFields, stored } = opened
  const model = createModel(config)
  const parameters = countParameters(model)
  const stacks = stacksOf(config)
  const flops = trainingFlopsPerToken(model, Math.max(...stacks.map(({ context }) => context)))
  // An encoder-decoder also keeps what its decoder attends to of the source.
  const cached = stacks.reduce((total, { context }) => total + context, 0)
  const { layers, kvHeads, headDim } = stacks.at(-1) as StackConfig
  const { model: kind } = tokenizer.toJSON() as { model?: { type?: string; merges?: unknown[] } }
  return {
    architecture,
    config,
    parameters,
    dtypes: [...new Set(stored.map(({ dtype }) => dtype))],
    weightBytes: stored.reduce((total, { length }) => total + length, 0),
    cacheBytes: isWriting(opened) ? 2 * 4 * layers * kvHeads * headDim * cached : 0,
    trainingBytes: 4 * 4 * parameters,
    flopsPerToken: flops / 3,
    trainingFlopsPerToken: flops,
    tokenizer: {
      kind: kind?.merges?.length === 0 ? 'characters' : (kind?.type ?? 'unknown'),
      vocabSize: tokenizer.vocabSize,
      specialTokens: Object.keys(tokenizer.specialTokens),
    },
    hasChatTemplate: chatTemplate !== undefined,
    unknownFields,
  }
}
