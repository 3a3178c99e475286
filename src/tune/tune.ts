import { asDecoder, withModel } from '../checkpoint/open-model.ts'
import { recordsHash } from '../data/records-hash.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readChatTemplate } from '../formats/read-chat-template.ts'
import type { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { type ModelConfig, stacksOf } from '../models/model.ts'
import { onResume, parseOptions } from '../options.ts'
import { taskOf } from '../tasks/index.ts'
import type { TrainingRows } from '../tasks/task.ts'
import { CHATML } from '../text/chat-template.ts'
import { loadTokenizer } from '../text/load.ts'
import { endOfTurn } from '../text/render-conversation.ts'
import { CHAT_TOKENS, withSpecialTokens } from '../text/special-tokens.ts'
import { roleNames } from '../text/token-roles.ts'
import { checkResumedOptions } from '../train/checkpoints.ts'
import type { Horizon } from '../train/dial.ts'
import { refuseIdle } from '../train/idle-options.ts'
import { inRunFolder, refuseOverwriting } from '../train/run-folder.ts'
import type { TrainResult } from '../train/session.ts'
import type { ChosenTokenizer } from '../train/tokenizer-for.ts'
import { type TrainContext, trainTask } from '../train/train-task.ts'
import { loraSession } from './lora-session.ts'
import { adapterOptions, type ParsedTuneOptions, type TuneOptions, tuneOptions } from './options.ts'

/**
 * Instruction tuning (Ouyang et al. 2022): trains a model further on conversations, of which it
 * learns only what the assistant says. Conversations are packed without attention between them.
 * Throws UserError with the option, the file or the line at fault, also where `out` holds something
 * already.
 */
export async function tune(options: TuneOptions, context: TrainContext = {}): Promise<TrainResult> {
  const parsed = parseOptions(tuneOptions, options)
  refuseAdapterOptions(options, parsed)
  refuseIdle(options, parsed)
  refuseOverwriting(parsed.out, parsed.model)
  return inRunFolder(parsed, async () => {
    const { out, resume, model } = parsed
    const table = onResume(tuneOptions)
    if (resume) await checkResumedOptions(out, parsed, table, context.onMessage)
    return withModel(model, (base) => tuneFrom(asDecoder(base), parsed, context))
  })
}

async function tuneFrom(
  base: OpenModel<DecoderConfig>,
  options: ParsedTuneOptions,
  context: TrainContext,
): Promise<TrainResult> {
  const { adapter } = options
  const chosen = await withChat(options, base)
  const template = chosen.chatTemplate ?? ''
  if (endOfTurn(chosen.tokenizer, template) === undefined)
    context.onMessage?.(
      'no special token of the tokenizer ends an answer of the chat template: the model does not ' +
        'learn where to stop; use another template, or --chat-template chatml, which adds its own',
    )
  return trainTask({
    task: taskOf('chat'),
    options,
    base,
    context,
    onResume: onResume(tuneOptions),
    tokenizer: async () => chosen,
    config: () => tunedConfig(options, base, chosen.tokenizer.vocabSize),
    defaults: (config, rows) => defaultsFor(config, rows, adapter),
    adapter:
      adapter === 'lora'
        ? (engine, { model, ...files }) =>
            loraSession({ options, engine, model: model as Decoder, base, files })
        : undefined,
    identity: { chatTemplate: recordsHash([[template]]) },
  })
}

function refuseAdapterOptions(given: TuneOptions, { adapter }: ParsedTuneOptions): void {
  const names = Object.keys(adapterOptions) as (keyof typeof adapterOptions)[]
  const idle = names.find((name) => given[name] !== undefined)
  if (idle && adapter === 'none')
    throw new UserError(`${idle} is for an adapter; set adapter to lora, or leave it out`)
}

/**
 * Three passes, at a tenth of the rate of a training from nothing; adapters learn best at ten times
 * the rate of whole models.
 */
function defaultsFor(
  config: ModelConfig,
  { trainingTokens, length }: TrainingRows,
  adapter: ParsedTuneOptions['adapter'],
): Horizon {
  const rows = trainingTokens / length
  const batch = Math.min(rows, Math.max(1, Math.round(2048 / length)))
  const width = stacksOf(config)[0]?.dim ?? 1
  const learningRate = (adapter === 'lora' ? 1e-3 : 1e-4) * Math.sqrt(256 / width)
  return {
    batch,
    steps: Math.ceil((3 * rows) / batch),
    learningRate: Number(learningRate.toPrecision(2)),
  }
}

/** The template given, else the model's own, else ChatML, whose markers join the tokenizer. */
async function withChat(
  { chatTemplate: path }: ParsedTuneOptions,
  { tokenizer, chatTemplate: own }: OpenModel,
): Promise<ChosenTokenizer> {
  if (path === undefined && own) return { tokenizer, chatTemplate: own }
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
    ...config,
    embeddingDropout: dropout,
    attentionDropout: dropout,
    residualDropout: dropout,
    context: Math.max(context, config.context),
    vocabSize: Math.max(vocabSize, config.vocabSize),
  }
}
