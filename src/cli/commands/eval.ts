import { evaluateOptions } from '../../evaluate/evaluate.ts'
import { formatCount } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { describeFigures } from '../describe-figures.ts'
import { findAdapters, findModel } from '../find-model.ts'
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
      data:
        '`SOURCE` text, or records {"prompt", "completion"}: files, folders, patterns, ' +
        'npm:PACKAGE/PATH, or - for standard input',
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
    const { exactMatch, tokensPerSecond } = result
    const metrics: Record<string, number> = exactMatch === undefined ? {} : { exactMatch }
    const text = [
      ...describeFigures({ ...result, metrics }, 'loss'),
      `${formatCount(tokensPerSecond)} tokens per second`,
    ].join(', ')
    return { result, text }
  },
})
