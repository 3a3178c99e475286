import { evaluateOptions } from '../../evaluate/evaluate.ts'
import { formatCount, formatLoss } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { findAdapters } from '../find-adapters.ts'
import { findModel } from '../find-model.ts'
import { modelHelp } from '../help/generation.ts'
import { readingHelp } from '../help/reading.ts'

export const evaluate = defineCommand({
  name: 'eval',
  summary: 'Measure a model on text: loss, perplexity, bits per byte.',
  options: evaluateOptions,
  help: {
    Data: {
      model: modelHelp.model,
      adapter: modelHelp.adapter,
      data: '`SOURCE` text: files, folders, patterns, npm:PACKAGE/PATH, or - for standard input',
      ...readingHelp,
    },
    Run: {
      engine: 'where to compute',
      threads: 'threads to compute with (default: as many as the machine runs at once)',
    },
  },
  examples: ['chatwright eval --model my-model --data held-out.txt'],
  run: async (options) => {
    const { evaluate } = await import('../../evaluate/evaluate.ts')
    const model = await findModel(options.model)
    const adapter = await findAdapters(options.adapter ?? [])
    const result = await evaluate({ ...options, model, adapter }, { onMessage: console.error })
    const { loss, perplexity, bitsPerByte, tokensPerSecond } = result
    const text = `loss ${formatLoss(loss)}, perplexity ${perplexity.toFixed(2)}, ${bitsPerByte.toFixed(3)} bits per byte, ${formatCount(tokensPerSecond)} tokens per second`
    return { result, text }
  },
})
