import { z } from 'zod'
import { withModel } from '../checkpoint/open-model.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { kindOfArchitecture } from '../models/architectures.ts'
import type { ModelConfig } from '../models/model.ts'
import { onResume, parseOptions } from '../options.ts'
import { expectKind, refuseOthers, taskOf, trainingOptionsOf } from '../tasks/index.ts'
import type { HeadNeeds } from '../tasks/task.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { checkResumedOptions } from './checkpoints.ts'
import { horizon, modelConfig, withDropout, withHead } from './dial.ts'
import { refuseIdle } from './idle-options.ts'
import {
  commonOptions,
  newModelOptions,
  type ParsedTrainOptions,
  TRAINED,
  type TrainOptions,
} from './options.ts'
import { inRunFolder, refuseOverwriting } from './run-folder.ts'
import type { TrainResult } from './session.ts'
import { originOf, tokenizerFor } from './tokenizer-for.ts'
import { type TrainContext, trainTask } from './train-task.ts'

/**
 * Trains a model, from the sources to the saved model: `task` says what it learns.
 *
 * `out` then holds the model (a Hugging Face folder: config.json, model.safetensors,
 * tokenizer.json), `checkpoints/`, `metrics.jsonl`, `tensorboard/` and `loss.svg`. Throws UserError
 * with the option, the file or the line at fault before any work is lost, also where `out` holds
 * something already or another run writes it.
 *
 * @example
 * // Runs that share an engine and the tokenized text:
 * const engine = await openEngine()
 * for (const seed of [1, 2, 3])
 *   await train({ data, out: `run-${seed}`, seed, dataFolder: 'tokenized' }, { engine })
 * await engine.dispose()
 */
export async function train(
  options: TrainOptions,
  context: TrainContext = {},
): Promise<TrainResult> {
  const { parsed, schema } = parseTrainOptions(options)
  refuseOverwriting(parsed.out, parsed.model)
  return inRunFolder(parsed, async () => {
    const { task, out, resume, model } = parsed
    const table = onResume(schema)
    if (resume) await checkResumedOptions(out, parsed, table, context.onMessage)
    const from = (base: OpenModel | undefined) => {
      if (base) refuseNewModel(parsed, base)
      const { architecture = taskOf(task).architecture } = parsed
      const kind = base?.config.kind ?? kindOfArchitecture(architecture)
      expectKind(task, kind)
      return trainTask({
        task: taskOf(task),
        options: parsed,
        base,
        context,
        onResume: table,
        tokenizer: (data) => tokenizerFor(parsed, data, { kind, base }),
        config: ({ tokenizer }, { head }) =>
          base
            ? configFrom(base.config, head, parsed)
            : newConfig({ ...parsed, architecture }, tokenizer, head),
        defaults: (config, { trainingTokens, length }) => horizon(config, trainingTokens, length),
        identity: { tokenizerOrigin: originOf(parsed) },
      })
    }
    return model === undefined ? from(undefined) : withModel(model, from)
  })
}

/** Options with their defaults, and their schema. Throws UserError with the option at fault. */
export function parseTrainOptions(options: TrainOptions) {
  const { task } = parseOptions(z.looseObject({ task: commonOptions.shape.task }), options)
  refuseOthers(options, task, TRAINED)
  const schema = commonOptions.extend(trainingOptionsOf(task))
  const parsed = parseOptions(schema, options) as ParsedTrainOptions
  refuseIdle(options, parsed)
  return { parsed, schema }
}

/** Throws UserError where an option contradicts the model that is trained further. */
function refuseNewModel(options: ParsedTrainOptions, { path }: OpenModel): void {
  const names = Object.keys(newModelOptions) as (keyof typeof newModelOptions)[]
  const given = names.find((name) => name !== 'dropout' && options[name] !== undefined)
  if (given !== undefined)
    throw new UserError(`${given} is that of the model in ${path}; leave it out`)
}

function newConfig(
  options: ParsedTrainOptions & { targetContext?: number },
  { vocabSize, bosId, padId = 0 }: Tokenizer,
  head: HeadNeeds | undefined,
): ModelConfig {
  // There is room for what the model writes, too.
  const context = options.context && Math.max(options.context, options.targetContext ?? 0)
  return modelConfig({ ...options, context }, { vocabSize, head, startId: bosId ?? padId, padId })
}

/** A model's body, under the head that the task needs. */
function configFrom(
  config: ModelConfig,
  head: HeadNeeds | undefined,
  { dropout }: ParsedTrainOptions,
): ModelConfig {
  const body = dropout === undefined ? config : withDropout(config, dropout)
  if (head) return withHead(body, head)
  return body.kind === 'decoder' && body.head ? { ...body, head: undefined } : body
}
