import type { z } from 'zod'
import { UserError } from '../errors.ts'
import {
  DECODER_ARCHITECTURES,
  ENCODER_ARCHITECTURES,
  ENCODER_DECODER_ARCHITECTURES,
} from '../models/architectures.ts'
import { bertHead, modernBertHead } from '../models/encoder-config.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { countParameters, createModel, type ModelConfig, stacksOf } from '../models/model.ts'
import type { StackConfig } from '../models/stack-config.ts'
import type { HeadNeeds } from '../tasks/task.ts'
import type { newModelOptions } from './options.ts'

/** Sizes that a user may set by hand; the dial gives the others. */
export type ModelSizes = Partial<
  Omit<z.output<z.ZodObject<typeof newModelOptions>>, 'tokenizer' | 'vocab' | 'init'>
> & { context?: number | undefined }

/** What data and tokenizer decide. */
export interface ModelNeeds {
  vocabSize: number
  /** What the model is for, if not the next token. */
  head?: HeadNeeds | undefined
  /** Ids of encoder-decoders. */
  startId?: number
  padId?: number
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
 * One dial: from `depth` (layers; default 4) follow width and heads (64 for each layer and head)
 * and the context; what is given by hand stays as it is. Throws UserError where an option does not
 * go with the architecture.
 */
export function modelConfig(sizes: ModelSizes, needs: ModelNeeds): ModelConfig {
  const { architecture = 'gpt2', depth } = sizes
  const { vocabSize, head, startId = 0, padId = 0 } = needs
  const layers = sizes.layers ?? depth ?? 4
  const dim = sizes.dim ?? WIDTH_PER_LAYER * layers
  const heads = sizes.heads ?? Math.max(1, Math.round(dim / HEAD_DIM))
  const context = sizes.context ?? Math.min(1024, 64 * 2 ** Math.ceil(Math.log2(layers)))
  const given = { vocabSize, context, layers, dim, heads, ...chosen(sizes) }
  const tied = sizes.output && { tied: sizes.output === 'tied' }
  if (isOf(DECODER_ARCHITECTURES, architecture)) {
    if (head && tied) throw new UserError(noOutput(sizes, `the task ${head.task}`))
    const config = DECODER_ARCHITECTURES[architecture]({ ...given, ...tied })
    return checked(
      withExperts(head ? { ...config, head: lastTokenHead(head) } : config, sizes),
      sizes,
    )
  }
  if (isOf(ENCODER_ARCHITECTURES, architecture)) {
    if (tied) throw new UserError(noOutput(sizes, `the architecture ${architecture}`))
    if (!head)
      throw new UserError(
        `architecture ${architecture} reads texts; give --task mlm, classify, tag or embed`,
      )
    // RoBERTa's positions begin behind that of padding.
    const offset = architecture === 'roberta' && { positionOffset: padId + 1 }
    const config = ENCODER_ARCHITECTURES[architecture]({ ...given, ...offset })
    return checked(
      withExperts({ ...config, head: headOfArchitecture(architecture, head) }, sizes),
      sizes,
    )
  }
  if ((sizes.experts ?? sizes.expertsPerToken) !== undefined)
    throw new UserError(`architecture ${architecture} takes no experts; leave them out`)
  return checked(
    ENCODER_DECODER_ARCHITECTURES[architecture]({ ...given, ...tied, startId, padId }),
    sizes,
  )
}

const noOutput = ({ output }: ModelSizes, what: string): string =>
  `output is ${output}, and ${what} has no output over the vocabulary that could be otherwise; ` +
  'leave it out'

/** Throws UserError where an option was given that changes nothing in such a model. */
function checked<C extends ModelConfig>(config: C, sizes: ModelSizes): C {
  const [stack] = stacksOf(config) as [StackConfig]
  const refuse = (name: keyof ModelSizes, why: string) => {
    if (sizes[name] !== undefined)
      throw new UserError(`${name} is ${sizes[name]}, and ${why}; leave out one of the two`)
  }
  if (stack.positions !== 'rotary') refuse('ropeTheta', `positions are ${stack.positions}`)
  if (stack.feedForward === 'none')
    for (const name of ['hiddenDim', 'activation', 'feedForwardDropout'] as const)
      refuse(name, 'there are no feed-forward networks')
  return config
}

const isOf = <S extends string>(
  architectures: Record<S, unknown>,
  architecture: string,
): architecture is S => Object.hasOwn(architectures, architecture)

/** Options that have the names of a stack's settings. */
const OF_STACKS = [
  'kvHeads',
  'hiddenDim',
  'positions',
  'window',
  'activation',
  'ropeTheta',
  'norm',
  'feedForward',
  'feedForwardDropout',
] as const

/** Those that were given, and dropout. */
function chosen(sizes: ModelSizes): Partial<StackConfig> {
  const given = OF_STACKS.flatMap((name) =>
    sizes[name] === undefined ? [] : [[name, sizes[name]]],
  )
  return { ...Object.fromEntries(given), ...dropoutOf(sizes.dropout ?? 0) }
}

const dropoutOf = (rate: number) => ({
  embeddingDropout: rate,
  attentionDropout: rate,
  residualDropout: rate,
})

/** The model with another rate of dropout. */
export function withDropout<C extends ModelConfig>(config: C, rate: number): C {
  if (config.kind !== 'encoder-decoder') return { ...config, ...dropoutOf(rate) }
  const stack = (side: StackConfig) => ({ ...side, ...dropoutOf(rate) })
  return { ...config, encoder: stack(config.encoder), decoder: stack(config.decoder) }
}

/** Experts in every layer, each as wide as the feed-forward network that they replace. */
function withExperts<C extends StackConfig>(
  config: C,
  { experts, expertsPerToken }: ModelSizes,
): C {
  if (experts === undefined && expertsPerToken === undefined) return config
  const base = config.experts ?? {
    count: 8,
    perToken: 2,
    hiddenDim: config.hiddenDim,
    normalized: true,
    balance: 0.01,
  }
  const given = { count: experts ?? base.count, perToken: expertsPerToken ?? base.perToken }
  return { ...config, experts: { ...base, ...given } }
}

/** Decoders read a text to its end before they judge it. */
const lastTokenHead = ({ task, labels }: HeadNeeds): HeadConfig => ({
  task,
  labels,
  pooling: 'last',
  denseBias: true,
  norm: false,
  normalized: true,
  outputBias: task === 'tag',
})

function headOfArchitecture(
  architecture: keyof typeof ENCODER_ARCHITECTURES,
  { task, labels }: HeadNeeds,
): HeadConfig {
  if (architecture === 'modernbert') return modernBertHead(task, labels)
  const head = bertHead(task, labels)
  return architecture === 'distilbert' && head.dense === 'tanh' ? { ...head, dense: 'relu' } : head
}

/**
 * A model's body under another head; the model itself where its head knows the task and the labels.
 */
export function withHead(config: ModelConfig, head: HeadNeeds): ModelConfig {
  if (config.kind === 'encoder-decoder')
    throw new UserError('an encoder-decoder has no head for whole texts; give another model')
  const own = config.head
  // One number, whatever it is: a reward model judges or estimates.
  if (own?.task === 'regress' && head.task === 'regress')
    return { ...config, head: { ...own, labels: head.labels } } as ModelConfig
  if (own?.task === head.task && head.labels.every((label) => own.labels.includes(label)))
    return config
  if (config.kind === 'decoder') return { ...config, head: lastTokenHead(head) }
  return { ...config, head: headOfArchitecture(architectureOfHead(config), head) }
}

/** The architecture whose heads an encoder's are. */
function architectureOfHead({
  normPosition,
  tokenTypes,
}: StackConfig): keyof typeof ENCODER_ARCHITECTURES {
  if (normPosition === 'pre') return 'modernbert'
  return tokenTypes === 0 ? 'distilbert' : 'bert'
}

/** Tokens that a parameter is worth (Hoffmann et al. 2022). */
const TOKENS_PER_PARAMETER = 20

/** Times that a text may be read before more reading teaches little (Muennighoff et al. 2023). */
const EPOCHS = 4

/**
 * Batch, rate and length of a training on examples of `length` tokens. About 4,096 tokens a step;
 * the rate falls with the square root of the width, as in GPT-3's table of sizes; steps until the
 * tokens that the parameters are worth, or until the text was read four times.
 */
export function horizon(config: ModelConfig, trainingTokens: number, length: number): Horizon {
  const batch = Math.max(1, Math.round(4096 / length))
  const worth = TOKENS_PER_PARAMETER * countParameters(createModel(config))
  const tokens = Math.min(worth, EPOCHS * trainingTokens)
  const steps = Math.max(100, Math.ceil(tokens / (batch * length)))
  const { dim } = stacksOf(config)[0] as StackConfig
  return { batch, steps, learningRate: Number((1e-3 * Math.sqrt(256 / dim)).toPrecision(2)) }
}
