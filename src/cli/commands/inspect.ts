import { z } from 'zod'
import type { Inspection } from '../../checkpoint/inspect-model.ts'
import type { ModelConfig } from '../../models/model.ts'
import type { StackConfig } from '../../models/stack-config.ts'
import { formatCount } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { formatBytes, formatTable } from '../format.ts'

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Describe a model: architecture, parameters, memory, operations per token, tokenizer.',
  options: z.strictObject({ dir: z.string().min(1) }),
  argument: {
    name: 'dir',
    help: 'folder of the model, or OWNER/NAME on the Hugging Face Hub',
    required: true,
  },
  help: {},
  examples: ['chatwright inspect my-model', 'chatwright inspect my-model --json'],
  run: async ({ dir }) => {
    const { inspectModel } = await import('../../checkpoint/inspect-model.ts')
    const result = await inspectModel(await findModel(dir))
    return { result, text: describe(result) }
  },
})

/** Special tokens that are shown; T5 has a hundred. */
const SPECIALS = 12

function describe(model: Inspection): string {
  const { config, tokenizer } = model
  const specials = tokenizer.specialTokens.slice(0, SPECIALS).join(' ')
  const more = tokenizer.specialTokens.length - SPECIALS
  const rows = [
    ['architecture', model.architecture],
    ['kind', config.kind],
    ...(config.kind === 'encoder-decoder'
      ? [...describeStack(config.encoder, 'encoder '), ...describeStack(config.decoder, 'decoder ')]
      : describeStack(config)),
    ...describeOutput(config),
    ['parameters', formatCount(model.parameters)],
    ['weights', `${formatBytes(model.weightBytes)}, ${model.dtypes.join(' and ')}`],
    ...(model.cacheBytes > 0
      ? [['KV cache', `${formatBytes(model.cacheBytes)} for a full context`]]
      : []),
    ['to train', `${formatBytes(model.trainingBytes)} with AdamW, and activations`],
    [
      'operations',
      `${formatCount(model.flopsPerToken)} a token; ${formatCount(model.trainingFlopsPerToken)} ` +
        'to train on it',
    ],
    ['tokenizer', `${tokenizer.kind}, ${tokenizer.vocabSize} tokens`],
    ...(specials ? [['special tokens', more > 0 ? `${specials} and ${more} more` : specials]] : []),
    ...(config.kind === 'decoder' && !config.head
      ? [['chat template', model.hasChatTemplate ? 'yes' : 'none: chat continues your text']]
      : []),
    ...(model.unknownFields.length > 0 ? [['not understood', model.unknownFields.join(', ')]] : []),
  ]
  return formatTable(rows)
}

/** What sets a stack of layers apart; rows that say nothing are left out. */
function describeStack(stack: StackConfig, side = ''): string[][] {
  const { heads, kvHeads, headDim, experts, window } = stack
  const shared = kvHeads === heads ? '' : `, ${kvHeads} of keys and values`
  const norm = { rms: 'RMSNorm', layer: 'LayerNorm', none: 'none' }[stack.norm]
  const sides = { pre: 'before each sublayer', post: 'behind each sublayer', both: 'on both sides' }
  const rows = [
    ['layers', `${stack.layers}`],
    [
      'width',
      stack.feedForward === 'none'
        ? `${stack.dim}; attention alone`
        : `${stack.dim}, ${stack.hiddenDim} in the feed-forward networks`,
    ],
    ['heads', `${heads}${shared}, each ${headDim} wide`],
    ...(experts
      ? [['experts', `${experts.count}, of which a token passes through ${experts.perToken}`]]
      : []),
    ['context', `${stack.context} tokens`],
    ...(window ? [['window', `${window} tokens, ${describeWindowed(stack)}`]] : []),
    ['positions', stack.positions],
    ['norm', stack.norm === 'none' ? norm : `${norm} ${sides[stack.normPosition]}`],
    ...(stack.feedForward === 'none'
      ? []
      : [['activation', stack.activation + (stack.gated ? ', gated' : '')]]),
  ] as [string, string][]
  return rows.map(([name, value]) => [side + name, value])
}

const describeWindowed = ({ windowed, layers }: StackConfig): string => {
  const count = windowed?.filter(Boolean).length ?? layers
  return count === layers ? 'in every layer' : `in ${count} of ${layers} layers`
}

function describeOutput(config: ModelConfig): string[][] {
  if (config.kind !== 'encoder-decoder' && config.head) {
    const { task, labels, maxTokens } = config.head
    const cut = maxTokens ? `, of ${maxTokens} tokens at most` : ''
    return [['head', labels.length > 0 ? `${task}: ${labels.join(', ')}` : `${task}${cut}`]]
  }
  const tied = config.kind !== 'encoder' && config.tied
  return [['output', tied ? 'tied to the embedding' : 'a matrix of its own']]
}
