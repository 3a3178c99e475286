import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { benchmarkOptions } from '../../evaluate/benchmarks/options.ts'
import { compareOptions } from '../../evaluate/compare.ts'
import { evaluateOptions } from '../../evaluate/evaluate.ts'
import { evaluationMessages } from '../../evaluate/report/messages.ts'
import type { Language } from '../../language.ts'
import { flagOf } from '../../options.ts'
import { TASK_NAMES } from '../../tasks/index.ts'
import { formatCount } from '../../train/report/format.ts'
import { defineCommand, type Outcome } from '../command.ts'
import { describeComparison, describeFailures, describeMetrics } from '../describe-metrics.ts'
import { findAdapters, findModel } from '../find-model.ts'
import { benchmarkHelp } from '../help/benchmarks.ts'
import { modelHelp } from '../help/generation.ts'
import { encodingHelp } from '../help/reading.ts'
import { evaluationTaskHelp } from '../help/tasks.ts'
import { interruptible } from '../interrupt.ts'
import { languageHelp, languageOption, userLanguage } from '../language.ts'

/** Of an evaluation that fails its requirements: neither a mistake nor a fault. */
const FAILED = 3

const compare = defineCommand({
  name: 'compare',
  summary: 'Compare two evaluations on the same data, item by item.',
  options: compareOptions.extend({ language: languageOption }),
  argument: [
    { name: 'first', help: 'folder written by eval --out', required: true },
    { name: 'second', help: 'another one, with the same items', required: true },
  ],
  help: { Output: { language: languageHelp } },
  examples: ['chatwright eval compare runs/before runs/after'],
  run: async ({ language = userLanguage(), ...options }) => {
    const { compareEvaluations } = await import('../../evaluate/compare.ts')
    const result = await compareEvaluations(options)
    return { result, text: describeComparison(result, language) }
  },
})

const { data, ...forData } = evaluateOptions.shape
const { benchmark, ...forBenchmarks } = benchmarkOptions.shape

/** Of two calls: one takes data, the other benchmarks. */
const options = z.strictObject({
  ...forBenchmarks,
  ...forData,
  data: data.optional(),
  benchmark: benchmark.optional(),
})

export const evaluate = defineCommand({
  name: 'eval',
  summary: 'Measure a model on data or benchmarks, or compare two evaluations.',
  options,
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
    Benchmarks: benchmarkHelp,
    Result: {
      reference:
        '`DIR|OWNER/NAME` report the KL divergence from this model, which has the same tokenizer',
      out:
        '`DIR` output folder: report.html, results.json, and each item in items.jsonl; ' +
        'benchmarks have a folder each, from which an interrupted run resumes',
      baseline: '`DIR` report what changed since this evaluation of the same items',
      failUnder:
        '`METRIC=X` exit with code 3 if a metric is worse than its limit: below accuracy=0.8, or ' +
        'above perplexity=30, where less is better',
      noWorseThan:
        '`DIR` exit with code 3 if the model is significantly worse than this evaluation of the ' +
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
    'chatwright eval --model my-model --benchmark blimp,cmmlu --benchmark-dir tasks --out runs/b',
    'chatwright eval compare runs/last runs/today',
  ],
  run: async (options) => {
    const { benchmark, data } = options
    if ((benchmark === undefined) === (data === undefined))
      throw new UserError('give --data SOURCE or --benchmark NAMES, one of the two')
    refuseOthers(options, benchmark ? benchmarkOptions : evaluateOptions)
    const model = await findModel(options.model)
    const adapter = await findAdapters(options.adapter ?? [])
    const reference = options.reference && (await findModel(options.reference))
    const language = options.language ?? userLanguage()
    if (benchmark) return onBenchmarks({ ...options, benchmark, model, adapter, language })
    const { evaluate } = await import('../../evaluate/evaluate.ts')
    const given = { ...options, data: data ?? [], model, adapter, reference, language }
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

/** Throws UserError where an option of the other call is given. */
function refuseOthers(given: object, { shape }: z.ZodObject): void {
  const other = Object.entries(given).find(([name, value]) => value !== undefined && !shape[name])
  if (!other) return
  const [has, hasNot] = 'data' in shape ? ['--data', '--benchmark'] : ['--benchmark', '--data']
  throw new UserError(`${flagOf(other[0])} applies to ${hasNot}, not to ${has}; leave it out`)
}

/** Seconds between lines that tell how far a benchmark is. */
const EVERY = 10

async function onBenchmarks(
  options: z.input<typeof benchmarkOptions> & { language: Language },
): Promise<Outcome> {
  const { evaluateBenchmarks } = await import('../../evaluate/benchmarks/evaluate-benchmarks.ts')
  const { language } = options
  const words = evaluationMessages[language]
  let told = performance.now()
  const onProgress = (name: string, done: number, total: number) => {
    if (performance.now() - told < 1000 * EVERY) return
    told = performance.now()
    console.error(
      words.progress(name, done.toLocaleString(language), total.toLocaleString(language)),
    )
  }
  const events = { onMessage: console.error, onProgress }
  const runs = await interruptible((signal) => evaluateBenchmarks(options, { ...events, signal }))
  const results = runs.map(({ items, ...run }) => ({ ...run, questions: items.length }))
  const texts = results.map((run) =>
    [
      words.benchmark(run.name, run.questions.toLocaleString(language)),
      describeMetrics(run, language),
      ...describeFailures(run.failures, language),
    ].join('\n'),
  )
  const failed = results.some(({ failures }) => failures.length > 0)
  return {
    result: { benchmarks: results },
    text: texts.join('\n\n'),
    exitCode: failed ? FAILED : 0,
  }
}
