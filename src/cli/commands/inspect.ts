import { z } from 'zod'
import { formatTable } from '../../bench/row.ts'
import { formatCount } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { formatBytes } from '../format-bytes.ts'
import type { Inspection } from '../inspect-model.ts'

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Describe a model: architecture, parameters, memory, operations per token, tokenizer.',
  options: z.strictObject({ dir: z.string().min(1) }),
  place: {
    name: 'dir',
    help: 'folder of the model, or OWNER/NAME on the Hugging Face Hub',
    required: true,
  },
  help: {},
  examples: ['chatwright inspect my-model', 'chatwright inspect my-model --json'],
  run: async ({ dir }) => {
    const { inspectModel } = await import('../inspect-model.ts')
    const result = await inspectModel(await findModel(dir))
    return { result, text: describe(result) }
  },
})

function describe(model: Inspection): string {
  const { architecture: config, tokenizer } = model
  const heads =
    config.kvHeads === config.heads
      ? `${config.heads}`
      : `${config.heads}, ${config.kvHeads} of keys and values`
  const specials = tokenizer.specialTokens.join(' ')
  const rows = [
    ['family', model.family],
    ['layers', `${config.layers}`],
    ['width', `${config.dim}, ${config.hiddenDim} in the feed-forward networks`],
    ['heads', `${heads}, each ${config.headDim} wide`],
    ['context', `${config.context} tokens`],
    ['positions', config.positions],
    ['norm', config.norm === 'rms' ? 'RMSNorm' : 'LayerNorm'],
    ['activation', config.activation + (config.gated ? ', gated' : '')],
    ['output', config.tied ? 'tied to the embedding' : 'a matrix of its own'],
    ['parameters', formatCount(model.parameters)],
    ['weights', `${formatBytes(model.weightBytes)}, ${model.dtypes.join(' and ')}`],
    ['KV cache', `${formatBytes(model.cacheBytes)} for a full context`],
    ['to train', `${formatBytes(model.trainingBytes)} with AdamW, and activations`],
    [
      'operations',
      `${formatCount(model.flopsPerToken)} a token; ${formatCount(model.trainingFlopsPerToken)} to train on it`,
    ],
    ['tokenizer', `${tokenizer.kind}, ${tokenizer.vocabSize} tokens`],
    ...(specials ? [['special tokens', specials]] : []),
    ['chat template', model.hasChatTemplate ? 'yes' : 'none: chat goes on with your text'],
    ...(model.unknownFields.length > 0 ? [['not understood', model.unknownFields.join(', ')]] : []),
  ]
  return formatTable(rows)
}
