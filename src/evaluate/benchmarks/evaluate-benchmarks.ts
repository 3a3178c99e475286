import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { z } from 'zod'
import { loadParameters } from '../../checkpoint/load-parameters.ts'
import { withModel } from '../../checkpoint/open-model.ts'
import { UserError } from '../../errors.ts'
import { LOCK, whileWriting } from '../../files/lock.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { readChatTemplate } from '../../formats/read-chat-template.ts'
import { metricsOf } from '../../metrics/measures/index.ts'
import { createModel, type ModelConfig } from '../../models/model.ts'
import { parseOptions } from '../../options.ts'
import type { DeviceTensor } from '../../runtime/engine.ts'
import { withEngine } from '../../runtime/open.ts'
import { adapted, type EvaluateContext } from '../evaluate.ts'
import { checkLimits } from '../gates.ts'
import { type Outcome, type OutcomeWriter, openOutcome } from '../outcome.ts'
import { type EvaluationRun, isEvaluated } from '../run.ts'
import { Answerer } from './answerer.ts'
import { expectClasses } from './ask-classifier.ts'
import { measureBenchmark } from './measure-benchmark.ts'
import { type OpenBenchmark, openBenchmark } from './open-benchmark.ts'
import { type BenchmarkOptions, benchmarkOptions } from './options.ts'
import { Prompts } from './prompts.ts'

/** What was found of one benchmark. */
export interface BenchmarkRun extends EvaluationRun, Outcome {}

export interface BenchmarkContext extends EvaluateContext {
  /** Questions of a benchmark that are finished, of how many. */
  onProgress?(name: string, done: number, total: number): void
}

/**
 * Measures a model on benchmarks: likelihoods of choices, of texts, or answers that it writes; a
 * classifier, where its labels are the classes of a benchmark. With `out`, an interrupted run
 * resumes. Throws UserError with the option, the file or the line at fault, before work begins.
 *
 * @example
 * const [blimp] = await evaluateBenchmarks({
 *   model: 'my-model',
 *   benchmark: ['blimp'],
 *   benchmarkDir: 'tasks',
 * })
 * console.log(blimp.metrics.accuracy.value)
 */
export async function evaluateBenchmarks(
  options: BenchmarkOptions,
  context: BenchmarkContext = {},
): Promise<BenchmarkRun[]> {
  const { engine: opened, signal } = context
  const parsed = parseOptions(benchmarkOptions, options)
  const { adapter, asChat, fewShot, seed = 1, maxTokens = 256, out } = parsed
  return withModel(parsed.model, async (base) => {
    const files = await adapted(base, adapter)
    const template = parsed.chatTemplate && (await readChatTemplate(parsed.chatTemplate))
    const chatTemplate = asChat ? (template ?? files.chatTemplate) : undefined
    expectTemplate(parsed, chatTemplate)
    const benchmarks: {
      open: OpenBenchmark
      prompts: Prompts
      folder: string | undefined
      outcome: OutcomeWriter
    }[] = []
    const wanted = parsed.benchmark.flatMap((name) => name.split(',')).filter((name) => name !== '')
    for (const name of wanted) {
      const open = await openBenchmark(name, parsed.benchmarkDir, { fewShot })
      expectMeasurable(open, files.config, base.path)
      if ('head' in files.config && files.config.head && (fewShot || asChat))
        throw new UserError(
          `${fewShot ? '--few-shot' : '--as-chat'}: a classifier reads no prompt; leave it out`,
        )
      const prompts = new Prompts(open, { seed, asChat })
      const folder = out === undefined ? undefined : join(out, open.name)
      const outcome = await outcomeOf(open, parsed, folder)
      benchmarks.push({ open, prompts, folder, outcome })
    }
    const measures = benchmarks.flatMap(({ open }) => open.benchmark.measures)
    checkLimits(parsed.failUnder ?? {}, measures)
    const names = benchmarks.map(({ open }) => open.name)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined)
      throw new UserError(`benchmark ${twice} is given twice; leave one out, or rename the file`)
    refuseIdle(parsed, benchmarks)
    return withEngine(parsed, opened, async (engine) => {
      const model = createModel(files.config)
      const parameters = await loadParameters(engine, model, files)
      const subject = { ...files, model, chatTemplate }
      const answerer = new Answerer({ engine, parameters, subject, maxTokens })
      try {
        const fingerprint = out === undefined ? undefined : await fingerprintOf(parameters)
        const runs: BenchmarkRun[] = []
        for (const { open, prompts, folder, outcome } of benchmarks) {
          const { limit } = parsed
          const settings = {
            benchmark: open.name,
            model: parsed.model,
            weights: fingerprint,
            ...(out !== undefined && { questions: digestOf(open) }),
            ...(adapter.length > 0 && { adapter }),
            ...(limit !== undefined && { limit }),
            fewShot: open.fewShot,
            ...(open.fewShot > 0 && { seed }),
            ...(asChat && { asChat, chatTemplate }),
            ...(open.benchmark.kind === 'writing' && { maxTokens }),
          }
          const measured = { open, prompts, answerer, limit, settings, folder, outcome }
          const measure = () => measureBenchmark(measured, context)
          if (folder === undefined) runs.push(await measure())
          else {
            await makeFolder(folder)
            const lock = { target: folder, path: join(folder, LOCK) }
            runs.push(await whileWriting(lock, measure))
          }
          signal?.throwIfAborted()
        }
        return runs
      } finally {
        await answerer.dispose()
        for (const tensor of Object.values(parameters)) tensor.dispose()
      }
    })
  })
}

/** What becomes of a benchmark's result: it is compared with that of the same name. */
async function outcomeOf(
  { name, benchmark }: OpenBenchmark,
  { failUnder = {}, baseline, noWorseThan, language }: z.output<typeof benchmarkOptions>,
  folder: string | undefined,
): Promise<OutcomeWriter> {
  const own = async (runs: string | undefined) => {
    const inner = runs === undefined ? undefined : join(runs, name)
    return inner !== undefined && (await isEvaluated(inner)) ? inner : runs
  }
  const known = Object.keys(metricsOf(benchmark.measures))
  const limits = Object.entries(failUnder).filter(([metric]) => known.includes(metric))
  // Results that are there stay as they are.
  const isDone = folder !== undefined && (await isEvaluated(folder))
  return openOutcome({
    out: isDone ? undefined : folder,
    baseline: isDone ? undefined : await own(baseline),
    noWorseThan: await own(noWorseThan),
    failUnder: Object.fromEntries(limits),
    language,
  })
}

function expectTemplate(
  { model, asChat, chatTemplate }: z.output<typeof benchmarkOptions>,
  template: string | undefined,
): void {
  if (chatTemplate !== undefined && !asChat)
    throw new UserError(
      '--chat-template is for questions in a chat; add --as-chat, or leave it out',
    )
  if (asChat && template === undefined)
    throw new UserError(`${model}: the model has no chat template; give --chat-template FILE`)
}

/** Throws UserError where an option that was given changes nothing at any of the benchmarks. */
function refuseIdle(
  { maxTokens, seed }: z.output<typeof benchmarkOptions>,
  asked: readonly { open: OpenBenchmark }[],
): void {
  if (maxTokens !== undefined && asked.every(({ open }) => open.benchmark.kind !== 'writing'))
    throw new UserError(
      `--max-tokens ${maxTokens} changes nothing: the model writes no answers; leave it out`,
    )
  const draws = asked.some(({ open }) => open.fewShot > 0 && !open.benchmark.bySubject)
  if (seed !== undefined && !draws)
    throw new UserError(`--seed ${seed} changes nothing: no examples are drawn; leave it out`)
}

/** Throws UserError where a model of this kind does not answer the questions of a benchmark. */
function expectMeasurable(
  { name, benchmark }: OpenBenchmark,
  config: ModelConfig,
  path: string,
): void {
  const head = 'head' in config ? config.head : undefined
  if (config.kind === 'decoder' && !head) return
  if (head?.task === 'classify' && benchmark.kind === 'choices' && benchmark.classes) {
    expectClasses(name, benchmark, head.labels)
    return
  }
  const what =
    config.kind === 'encoder-decoder'
      ? 'an encoder-decoder'
      : head === undefined
        ? 'an encoder'
        : `made for the task ${head.task}`
  throw new UserError(
    `benchmark ${name}: the model in ${path} is ${what}; benchmarks measure decoders that ` +
      'continue text, and classifiers on sst2, trec and chnsenticorp',
  )
}

/** SHA-256 of the questions, and of the examples before them: items of others are not mixed. */
function digestOf({ files, examples }: OpenBenchmark): string {
  const read = JSON.stringify([files, examples])
  return createHash('sha256').update(read).digest('hex')
}

/** SHA-256 of all weights: items of other weights are not resumed from. */
async function fingerprintOf(parameters: Readonly<Record<string, DeviceTensor>>): Promise<string> {
  const hash = createHash('sha256')
  for (const [name, tensor] of Object.entries(parameters)) {
    const { buffer, byteOffset, byteLength } = tensor.data ?? (await tensor.read())
    hash.update(name).update(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength))
  }
  return hash.digest('hex')
}
