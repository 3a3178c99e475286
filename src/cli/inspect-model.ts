import { readDecoderFolder } from '../checkpoint/model-folder.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { openFolderWeights } from '../models/files/node-file.ts'
import { trainingFlopsPerToken } from '../models/flops.ts'
import { countParameters } from '../models/model.ts'

/** What a model folder holds; sizes are in bytes. */
export interface Inspection {
  family: string
  architecture: DecoderConfig
  parameters: number
  /** Element types of the weights on the disk, and their size. */
  dtypes: string[]
  weightBytes: number
  /** Of keys and values, for one sequence as long as the context, in fp32. */
  cacheBytes: number
  /** Parameters, gradients and the two moments of AdamW, in fp32. */
  trainingBytes: number
  /** Floating-point operations of a forward pass, and of a training step, at the full context. */
  flopsPerToken: number
  trainingFlopsPerToken: number
  tokenizer: { kind: string; vocabSize: number; specialTokens: string[] }
  hasChatTemplate: boolean
  /** Fields of config.json that are not known here. */
  unknownFields: string[]
}

/** Describes a model folder without reading its weights. Throws UserError when it is none. */
export async function inspectModel(folder: string): Promise<Inspection> {
  const { family, config, tokenizer, chatTemplate, unknownFields } = await readDecoderFolder(folder)
  const weights = await openFolderWeights(folder)
  const entries = [...weights.tensors.values()]
  await weights.close()
  const model = new Decoder(config)
  const parameters = countParameters(model)
  const flops = trainingFlopsPerToken(model, config.context)
  const { layers, kvHeads, headDim, context } = config
  const { model: kind } = tokenizer.toJSON() as { model?: { type?: string; merges?: unknown[] } }
  return {
    family,
    architecture: config,
    parameters,
    dtypes: [...new Set(entries.map(({ dtype }) => dtype))],
    weightBytes: entries.reduce((total, { length }) => total + length, 0),
    cacheBytes: 2 * 4 * layers * kvHeads * headDim * context,
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
