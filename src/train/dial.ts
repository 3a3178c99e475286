import { Decoder } from '../models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../models/decoder-config.ts'
import { countParameters } from '../models/model.ts'

/** Sizes that a user may set by hand; the dial gives the others. */
export interface ModelSizes {
  style?: 'gpt2' | 'llama'
  depth?: number
  layers?: number
  heads?: number
  kvHeads?: number
  dim?: number
  hiddenDim?: number
  context?: number
  dropout?: number
}

/** Values for training that the dial gives where the user gives none. */
export interface Horizon {
  batch: number
  steps: number
  learningRate: number
}

const WIDTH_PER_LAYER = 64
const HEAD_DIM = 64

/**
 * One dial: from `depth` (layers; default 4) follow width and heads (64 for each layer and head) and
 * the context; what is given by hand stays as it is.
 */
export function modelConfig(sizes: ModelSizes, vocabSize: number): DecoderConfig {
  const { style = 'gpt2', depth, dropout = 0 } = sizes
  const layers = sizes.layers ?? depth ?? 4
  const dim = sizes.dim ?? WIDTH_PER_LAYER * layers
  const heads = sizes.heads ?? Math.max(1, Math.round(dim / HEAD_DIM))
  const context = sizes.context ?? Math.min(1024, 64 * 2 ** Math.ceil(Math.log2(layers)))
  const given = {
    vocabSize,
    context,
    layers,
    dim,
    heads,
    ...(sizes.kvHeads !== undefined && { kvHeads: sizes.kvHeads }),
    ...(sizes.hiddenDim !== undefined && { hiddenDim: sizes.hiddenDim }),
    embeddingDropout: dropout,
    attentionDropout: dropout,
    residualDropout: dropout,
  }
  return style === 'gpt2' ? gpt2Config(given) : llamaConfig(given)
}

/** Tokens that a parameter is worth (Hoffmann et al. 2022). */
const TOKENS_PER_PARAMETER = 20

/** Times that a text may be read before more reading teaches little (Muennighoff et al. 2023). */
const EPOCHS = 4

/**
 * Batch, rate and length of a training. About 4,096 tokens a step; the rate falls with the square
 * root of the width, as in GPT-3's table of sizes; steps until the tokens that the parameters are
 * worth, or until the text was read four times.
 */
export function horizon(config: DecoderConfig, trainingTokens: number): Horizon {
  const batch = Math.max(1, Math.round(4096 / config.context))
  const worth = TOKENS_PER_PARAMETER * countParameters(new Decoder(config))
  const tokens = Math.min(worth, EPOCHS * trainingTokens)
  const steps = Math.max(100, Math.ceil(tokens / (batch * config.context)))
  return { batch, steps, learningRate: Number((1e-3 * Math.sqrt(256 / config.dim)).toPrecision(2)) }
}
