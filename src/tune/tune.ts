import { z } from 'zod'
import { hashParameters } from '../checkpoint/load-parameters.ts'
import { asDecoder, withModel } from '../checkpoint/open-model.ts'
import { recordsHash } from '../data/records-hash.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readChatTemplate } from '../formats/read-chat-template.ts'
import type { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { createModel, type ModelConfig, stacksOf } from '../models/model.ts'
import { onResume, parseOptions } from '../options.ts'
import type { TrainingRows } from '../tasks/task.ts'
import { CHATML } from '../text/chat-template.ts'
import { loadTokenizer } from '../text/load.ts'
import { endOfTurn } from '../text/render-conversation.ts'
import { CHAT_TOKENS, withSpecialTokens } from '../text/special-tokens.ts'
import { roleNames } from '../text/token-roles.ts'
import { checkResumedOptions } from '../train/checkpoints.ts'
import { type Horizon, withDropout } from '../train/dial.ts'
import { refuseIdle } from '../train/idle-options.ts'
import type { ResumeTable } from '../train/on-resume.ts'
import { inRunFolder, refuseOverwriting } from '../train/run-folder.ts'
import type { TrainResult } from '../train/session.ts'
import type { ChosenTokenizer } from '../train/tokenizer-for.ts'
import { type TrainContext, trainTask } from '../train/train-task.ts'
import { loraSession } from './lora-session.ts'
import type { Method } from './method.ts'
import { methodOf, methodOptionsOf, refuseOtherMethods } from './methods.ts'
import {
  adapterOptions,
  commonTuneOptions,
  type ParsedTuneOptions,
  type TuneOptions,
} from './options.ts'

/**
 * Fine-tunes a decoder, all of it or an adapter; `method` selects how. `sft` (default) is
 * instruction tuning (Ouyang et al. 2022) on conversations, of which it learns only what the
 * assistant says. Throws UserError with the option, the file or the line at fault, also where `out`
 * holds something already.
 *
 * @example
 * await tune({ model: 'base', data: ['chat.jsonl'], out: 'my-chat-model' })
 */
export async function tune(options: TuneOptions, context: TrainContext = {}): Promise<TrainResult> {
  const { method } = parseOptions(
    z.looseObject({ method: commonTuneOptions.shape.method }),
    options,
  )
  refuseOtherMethods(options, method)
  const schema = commonTuneOptions.extend(methodOptionsOf(method))
  const parsed = parseOptions(schema, options) as ParsedTuneOptions
  methodOf(method).check?.(parsed, options)
  refuseAdapterOptions(options, parsed)
  refuseIdle(options, parsed)
  refuseOverwriting(parsed.out, parsed.model)
  return inRunFolder(parsed, async () => {
    const { out, resume, model } = parsed
    const table = onResume(schema)
    if (resume) await checkResumedOptions(out, parsed, table, context.onMessage)
    return withModel(model, (base) => tuneFrom(asDecoder(base), parsed, table, context))
  })
}

async function tuneFrom(
  base: OpenModel<DecoderConfig>,
  options: ParsedTuneOptions,
  table: ResumeTable,
  context: TrainContext,
): Promise<TrainResult> {
  const { adapter } = options
  const method = methodOf(options.method)
  const chosen = await withChat(options, base, method)
  const template = chosen.chatTemplate ?? ''
  if (template !== '' && endOfTurn(chosen.tokenizer, template) === undefined)
    context.onMessage?.(
      'no special token of the tokenizer ends an answer of the chat template: the model does not ' +
        'learn where to stop; use another template, or --chat-template chatml, which adds its own',
    )
  return trainTask({
    task: method.task,
    options,
    base,
    context,
    onResume: table,
    tokenizer: async () => chosen,
    config: () => tunedConfig(options, base, chosen.tokenizer.vocabSize),
    defaults: (config, rows) => defaultsFor(method, config, rows, adapter),
    adapter:
      adapter === 'lora'
        ? (engine, { model, ...files }) =>
            loraSession({ options, engine, model: model as Decoder, base, files })
        : undefined,
    identity: {
      chatTemplate: recordsHash([[template]]),
      ...(await referenceIdentity(base, options)),
    },
  })
}

/** The weights of a reference that is read again at each resumption; adapters see to theirs. */
async function referenceIdentity(
  base: OpenModel<DecoderConfig>,
  { adapter, ...own }: ParsedTuneOptions & { kl?: number },
): Promise<Record<string, unknown>> {
  if (!own.kl || adapter !== 'none') return {}
  const names = [...createModel(base.config).parameters().keys()]
  const weights = names.map((name) => [name, { read: () => base.read(name) }])
  return { base: await hashParameters(base.path, Object.fromEntries(weights)) }
}

function refuseAdapterOptions(given: TuneOptions, { adapter }: ParsedTuneOptions): void {
  const names = Object.keys(adapterOptions) as (keyof typeof adapterOptions)[]
  const idle = names.find((name) => given[name] !== undefined)
  if (idle && adapter === 'none')
    throw new UserError(`${idle} is for an adapter; set adapter to lora, or leave it out`)
}

/** Adapters learn best at ten times the rate of whole models. */
function defaultsFor(
  method: Method,
  config: ModelConfig,
  { trainingTokens, length, batch: own }: TrainingRows,
  adapter: ParsedTuneOptions['adapter'],
): Horizon {
  const rows = trainingTokens / length
  const batch = own ?? Math.min(rows, Math.max(1, Math.round(2048 / length)))
  const width = stacksOf(config)[0]?.dim ?? 1
  const rate = adapter === 'lora' ? 10 * method.learningRate : method.learningRate
  const learningRate = rate * Math.sqrt(256 / width)
  return {
    batch,
    steps: Math.ceil((method.epochs * rows) / batch),
    learningRate: Number(learningRate.toPrecision(2)),
  }
}

/**
 * The template given, else the model's own, else ChatML, whose markers join the tokenizer, unless
 * the model may continue texts.
 */
async function withChat(
  { chatTemplate: path }: ParsedTuneOptions,
  { tokenizer, chatTemplate: own }: OpenModel,
  { continuesText }: Method,
): Promise<ChosenTokenizer> {
  if (path === undefined && (own || continuesText)) return { tokenizer, chatTemplate: own }
  const chatTemplate = path === undefined ? CHATML : await readChatTemplate(path)
  if (chatTemplate !== CHATML) return { tokenizer, chatTemplate }
  const json = tokenizer.toJSON() as Parameters<typeof withSpecialTokens>[0]
  const names = { ...roleNames(tokenizer), eos_token: CHAT_TOKENS[1] }
  return { tokenizer: loadTokenizer(withSpecialTokens(json, CHAT_TOKENS), names), chatTemplate }
}

function tunedConfig(
  options: ParsedTuneOptions,
  { config }: OpenModel<DecoderConfig>,
  vocabSize: number,
): DecoderConfig {
  const { context = config.context, dropout } = options
  if (context > config.context && config.positions === 'learned')
    throw new UserError(
      `context is ${context}, but the model has learned positions for ${config.context} tokens ` +
        'only',
    )
  return {
    ...withDropout(config, dropout),
    context: Math.max(context, config.context),
    vocabSize: Math.max(vocabSize, config.vocabSize),
  }
}
