import { evaluateOptions } from '../../evaluate/evaluate.ts'
import { TASK_NAMES } from '../../tasks/index.ts'
import { formatCount } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { describeMetrics } from '../describe-metrics.ts'
import { findAdapters, findModel } from '../find-model.ts'
import { modelHelp } from '../help/generation.ts'
import { encodingHelp } from '../help/reading.ts'
import { evaluationTaskHelp } from '../help/tasks.ts'

export const evaluate = defineCommand({
  name: 'eval',
  summary: 'Measure a model at its task, on text or on records.',
  options: evaluateOptions,
  help: {
    Data: {
      model: modelHelp.model,
      adapter: modelHelp.adapter,
      task:
        'what is measured (default: what the model was made for; of a model that continues ' +
        'text, lm)',
      data:
        '`SOURCE` text for lm and mlm, else records or tables, as the task is trained on: files, ' +
        'folders, patterns, npm:PACKAGE/PATH, or - for standard input',
      ...encodingHelp,
    },
    Run: {
      out: '`DIR` folder of the result: results.json, and items.jsonl with an item a line',
      engine: 'where to compute',
      threads: 'threads to compute with (default: as many as the machine runs at once)',
    },
    ...evaluationTaskHelp(TASK_NAMES),
  },
  examples: [
    'chatwright eval --model my-model --data held-out.txt',
    'chatwright eval --model my-model --data names.jsonl --documents whole',
    'chatwright eval --model my-classifier --data test.jsonl',
    'chatwright eval --model my-model --task completion --data held-out.jsonl',
  ],
  run: async (options) => {
    const { evaluate } = await import('../../evaluate/evaluate.ts')
    const model = await findModel(options.model)
    const adapter = await findAdapters(options.adapter ?? [])
    const context = { onMessage: console.error }
    const { items, ...result } = await evaluate({ ...options, model, adapter }, context)
    const { tokens, tokensPerSecond } = result
    const speed = `${formatCount(tokens)} targets, ${formatCount(tokensPerSecond)} a second`
    return { result, text: `${describeMetrics(result)}\n${speed}` }
  },
})
