import { compareOptions } from '../../evaluate/compare.ts'
import { evaluateOptions } from '../../evaluate/evaluate.ts'
import { evaluationMessages } from '../../evaluate/report/messages.ts'
import { TASK_NAMES } from '../../tasks/index.ts'
import { formatCount } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { describeComparison, describeFailures, describeMetrics } from '../describe-metrics.ts'
import { findAdapters, findModel } from '../find-model.ts'
import { modelHelp } from '../help/generation.ts'
import { encodingHelp } from '../help/reading.ts'
import { evaluationTaskHelp } from '../help/tasks.ts'
import { languageHelp, languageOption, userLanguage } from '../language.ts'

/** Of an evaluation that fails its requirements: neither a mistake nor a fault. */
const FAILED = 3

const compare = defineCommand({
  name: 'compare',
  summary: 'Compare two models, evaluated on the same data, item by item.',
  options: compareOptions.extend({ language: languageOption }),
  argument: [
    { name: 'first', help: 'folder that eval --out wrote', required: true },
    { name: 'second', help: 'another, of the same items', required: true },
  ],
  help: { Output: { language: languageHelp } },
  examples: ['chatwright eval compare runs/before runs/after'],
  run: async ({ language = userLanguage(), ...options }) => {
    const { compareEvaluations } = await import('../../evaluate/compare.ts')
    const result = await compareEvaluations(options)
    return { result, text: describeComparison(result, language) }
  },
})

export const evaluate = defineCommand({
  name: 'eval',
  summary: 'Measure a model at its task, on text or on records; or compare two evaluations.',
  options: evaluateOptions,
  subcommands: [compare],
  help: {
    Data: {
      model: modelHelp.model,
      adapter: modelHelp.adapter,
      task:
        'what is measured (default: what the model was made for; of a model that continues ' +
        'text, lm)',
      data:
        '`SOURCE` text for lm and mlm, else records, as the task is trained on: files, folders, ' +
        'patterns, npm:PACKAGE/PATH, or - for standard input',
      ...encodingHelp,
    },
    Result: {
      out: '`DIR` folder of the result: report.html, results.json, and each item in items.jsonl',
      baseline: '`DIR` an evaluation of the same items, whose changes the report shows',
      failUnder:
        '`METRIC=X` exit with code 3 where a metric is worse than a limit: accuracy=0.8, or ' +
        'perplexity=30, of which less is better',
      noWorseThan:
        '`DIR` exit with code 3 where the model is significantly worse than an evaluation of the ' +
        'same items',
      language: languageHelp,
    },
    Run: {
      engine: 'where to compute',
      threads: 'threads to compute with (default: as many as the machine runs at once)',
    },
    ...evaluationTaskHelp(TASK_NAMES),
  },
  examples: [
    'chatwright eval --model my-model --data held-out.txt',
    'chatwright eval --model my-model --data names.jsonl --documents whole',
    'chatwright eval --model my-classifier --data test.jsonl --out runs/today --baseline runs/last',
    'chatwright eval --model my-classifier --data test.jsonl --fail-under accuracy=0.8',
    'chatwright eval --model my-model --task completion --data held-out.jsonl',
    'chatwright eval compare runs/last runs/today',
  ],
  run: async (options) => {
    const { evaluate } = await import('../../evaluate/evaluate.ts')
    const model = await findModel(options.model)
    const adapter = await findAdapters(options.adapter ?? [])
    const language = options.language ?? userLanguage()
    const given = { ...options, model, adapter, language }
    const { items: _, ...result } = await evaluate(given, { onMessage: console.error })
    const { tokens, tokensPerSecond, failures } = result
    const words = evaluationMessages[language]
    const text = [
      describeMetrics(result, language),
      words.speed(formatCount(tokens), formatCount(tokensPerSecond)),
      ...describeFailures(failures, language),
    ].join('\n')
    return { result, text, exitCode: failures.length > 0 ? FAILED : 0 }
  },
})
