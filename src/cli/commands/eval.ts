import { evaluateOptions } from '../../evaluate/evaluate.ts'
import { formatCount, formatLoss } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { findAdapters } from '../find-adapters.ts'
import { findModel } from '../find-model.ts'
import { modelHelp } from '../help/generation.ts'
import { readingHelp } from '../help/reading.ts'
import { documentsHelp } from '../help/training.ts'

export const evaluate = defineCommand({
  name: 'eval',
  summary: 'Measure a model on text, or on the completions of prompts.',
  options: evaluateOptions,
  help: {
    Data: {
      model: modelHelp.model,
      adapter: modelHelp.adapter,
      task: 'lm: the next token of text; completion: what follows the prompts of records',
      data: '`SOURCE` text, or records {"prompt", "completion"}: files, folders, patterns, npm:PACKAGE/PATH, or - for standard input',
      documents: documentsHelp,
      ...readingHelp,
    },
    Run: {
      engine: 'where to compute',
      threads: 'threads to compute with (default: as many as the machine runs at once)',
    },
  },
  examples: [
    'chatwright eval --model my-model --data held-out.txt',
    'chatwright eval --model my-model --data names.jsonl --documents whole',
    'chatwright eval --model my-model --task completion --data held-out.jsonl',
  ],
  run: async (options) => {
    const { evaluate } = await import('../../evaluate/evaluate.ts')
    const model = await findModel(options.model)
    const adapter = await findAdapters(options.adapter ?? [])
    const result = await evaluate({ ...options, model, adapter }, { onMessage: console.error })
    const { loss, perplexity, bitsPerByte, lossPerDocument, exactMatch, tokensPerSecond } = result
    const text = [
      `loss ${formatLoss(loss)}, perplexity ${perplexity.toFixed(2)}`,
      `${bitsPerByte.toFixed(3)} bits per byte`,
      lossPerDocument === undefined ? [] : `loss per document ${formatLoss(lossPerDocument)}`,
      exactMatch === undefined ? [] : `exact match ${exactMatch.toFixed(4)}`,
      `${formatCount(tokensPerSecond)} tokens per second`,
    ]
      .flat()
      .join(', ')
    return { result, text }
  },
})
