import { asDecoder, withModel } from '../checkpoint/open-model.ts'
import { type Conversation, readConversations } from '../data/chat/conversation.ts'
import { packedBatches } from '../data/chat/packed-batches.ts'
import type { Packing } from '../data/chat/packing.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { tellData } from '../data/sources/data-event.ts'
import { holdOut } from '../data/split.ts'
import { targetBytes } from '../data/target-bytes.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readChatTemplate } from '../formats/read-chat-template.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { nextToken } from '../objectives/language-model.ts'
import { parseOptions } from '../options.ts'
import type { Engine } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { CHATML, unreadFields } from '../text/chat-template.ts'
import { tokenizerHash } from '../text/hash.ts'
import { loadTokenizer } from '../text/load.ts'
import { encodeConversation, endOfTurn } from '../text/render-conversation.ts'
import { CHAT_TOKENS, withSpecialTokens } from '../text/special-tokens.ts'
import { roleNames } from '../text/token-roles.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { checkResumedOptions } from '../train/checkpoints.ts'
import { copyParameters } from '../train/copy-parameters.ts'
import { refuseIdleTraining } from '../train/idle-options.ts'
import { recordsHash } from '../train/records-hash.ts'
import { counted } from '../train/report/format.ts'
import { inRunFolder } from '../train/run-folder.ts'
import { type TrainEvents, type TrainResult, trainingSession } from '../train/session.ts'
import { checkHeld, refuseIdleShuffle, refuseOverwriting } from '../train/training-parts.ts'
import { loraSession } from './lora-session.ts'
import { type ParsedTuneOptions, TUNE_ON_RESUME, type TuneOptions, tuneOptions } from './options.ts'

const OF_ADAPTERS = [
  'rank',
  'alpha',
  'adapterDropout',
  'adapterLayers',
  'baseBits',
  'rslora',
] as const satisfies (keyof TuneOptions)[]

/**
 * Instruction tuning (Ouyang et al. 2022): goes on training a model on conversations, learning only
 * what the assistant says. Conversations are packed without attention between them. Throws
 * UserError with the option, the file or the line at fault, also where `out` holds something
 * already.
 */
export async function tune(options: TuneOptions, events: TrainEvents = {}): Promise<TrainResult> {
  const parsed = parseOptions(tuneOptions, options)
  const idle = OF_ADAPTERS.find((name) => options[name] !== undefined)
  if (idle && parsed.adapter === 'none')
    throw new UserError(`${idle} is for an adapter; set adapter to lora, or leave it out`)
  refuseIdleTraining(options, parsed)
  refuseOverwriting(parsed.out, parsed.model)
  return inRunFolder(parsed, () => tuneIn(parsed, events))
}

async function tuneIn(parsed: ParsedTuneOptions, events: TrainEvents): Promise<TrainResult> {
  const { out, resume } = parsed
  if (resume) await checkResumedOptions(out, parsed, TUNE_ON_RESUME, events.onMessage)
  return withModel(parsed.model, (model) => tuneFrom(asDecoder(model), parsed, events))
}

async function tuneFrom(
  base: OpenModel<DecoderConfig>,
  parsed: ParsedTuneOptions,
  events: TrainEvents,
): Promise<TrainResult> {
  const { val: share, seed, shuffle } = parsed
  refuseIdleShuffle(parsed)
  const all = await readAll(parsed.data, parsed, events)
  const [conversations, held] = Array.isArray(share)
    ? [all, await readAll(share, parsed, events)]
    : holdOut(all, { share, seed, shuffle })
  checkHeld(held, { val: share, learned: conversations }, events)
  const engine = await openEngine(parsed)
  try {
    return await tuneOn(parsed, base, conversations, held, engine, events)
  } finally {
    await engine.dispose()
  }
}

async function tuneOn(
  options: ParsedTuneOptions,
  base: OpenModel<DecoderConfig>,
  conversations: readonly Conversation[],
  held: readonly Conversation[],
  engine: Engine,
  events: TrainEvents,
): Promise<TrainResult> {
  const { tokenizer, template } = await withChat(options, base)
  if (endOfTurn(tokenizer, template) === undefined)
    events.onMessage?.(
      'no special token of the tokenizer ends an answer of the chat template: the model does ' +
        'not learn where to stop; use another template, or --chat-template chatml, which adds ' +
        'its own',
    )
  const learnsAdapter = options.adapter === 'lora'
  const config = tunedConfig(options, base, tokenizer.vocabSize)
  const length = options.context ?? config.context
  tellUnread(template, [...conversations, ...held], events)
  const encode = ({ messages, tools, where }: Conversation) => {
    try {
      return encodeConversation(tokenizer, template, messages, { tools })
    } catch (error) {
      throw new UserError(`${where}: ${(error as Error).message}`)
    }
  }
  const learned = conversations.map(encode)
  const pack = (rows: number, from = learned) => packedBatches(from, { rows, length })
  const { packing } = pack(1)
  const validation = held.length > 0 ? pack(8, held.map(encode)) : undefined
  tellLosses(packing, length, events)
  if (validation) tellLosses(validation.packing, length, events, 'validation ')
  const trainingTokens = packing.rows.length * length
  const batch = Math.min(packing.rows.length, Math.max(1, Math.round(2048 / length)))
  const model = new Decoder(config)
  const files = { tokenizer, chatTemplate: template, addBos: base.addBos }
  const adapter = learnsAdapter
    ? await loraSession({ options, engine, model, base, files })
    : undefined
  // Three times round, at a tenth of the rate that a training from nothing has; adapters learn best
  // at ten times the rate of whole models.
  const learningRate = (learnsAdapter ? 1e-3 : 1e-4) * Math.sqrt(256 / config.dim)
  return trainingSession({
    options,
    engine,
    model,
    adapter,
    objective: nextToken(model, length, { packed: true, labelSmoothing: options.labelSmoothing }),
    evaluationObjective: nextToken(model, length, { packed: true, evaluation: true }),
    length,
    files,
    defaults: {
      batch,
      steps: Math.ceil((3 * packing.rows.length) / batch),
      learningRate: Number(learningRate.toPrecision(2)),
    },
    reader: (rows) => pack(rows).reader({ seed: options.seed }),
    validation: validation && {
      batches: () => validation.all(),
      bytes: targetBytes(validation.all(), tokenizer),
    },
    trainingTokens,
    start: adapter ? undefined : (trainer) => copyParameters(base, trainer.values),
    onResume: TUNE_ON_RESUME,
    identity: {
      config,
      tokenizer: tokenizerHash(tokenizer),
      chatTemplate: recordsHash([[template]]),
      length,
      conversations: recordsHash([conversations, held]),
      ...(adapter && {
        adapter: adapter.lora.config,
        baseBits: options.baseBits ?? null,
        base: adapter.baseHash,
      }),
    },
    events,
  })
}

function tellLosses(
  { truncated, cutTokens, leftOut }: Packing,
  length: number,
  { onMessage }: TrainEvents,
  which = '',
): void {
  if (truncated === 0 && leftOut === 0) return
  const what = (count: number) => counted(count, `${which}conversation`)
  if (truncated > 0)
    onMessage?.(`cut ${what(truncated)} to ${length} tokens, losing ${counted(cutTokens, 'token')}`)
  if (leftOut > 0) onMessage?.(`left out ${what(leftOut)} with no answer within ${length} tokens`)
}

/** Tells which fields of the conversations the template leaves out. */
function tellUnread(
  template: string,
  conversations: readonly Conversation[],
  events: TrainEvents,
): void {
  const has: Readonly<Record<string, (conversation: Conversation) => boolean>> = {
    tools: ({ tools }) => tools !== undefined,
    reasoning_content: ({ messages }) => messages.some((message) => message.reasoning_content),
  }
  for (const field of unreadFields(template, Object.keys(has))) {
    const count = conversations.filter(has[field] as () => boolean).length
    if (count > 0)
      events.onMessage?.(
        `${counted(count, 'conversation')} with ${field}, which the chat template does not use: it is not learned; give another template with --chat-template FILE`,
      )
  }
}

/** The template given, else the model's own, else ChatML, whose markers join the tokenizer. */
async function withChat(
  { chatTemplate: path }: ParsedTuneOptions,
  { tokenizer, chatTemplate }: OpenModel,
): Promise<{ tokenizer: Tokenizer; template: string }> {
  if (path === undefined && chatTemplate) return { tokenizer, template: chatTemplate }
  const template = path === undefined ? CHATML : await readChatTemplate(path)
  if (template !== CHATML) return { tokenizer, template }
  const json = tokenizer.toJSON() as Parameters<typeof withSpecialTokens>[0]
  const names = { ...roleNames(tokenizer), eos_token: CHAT_TOKENS[1] }
  return { tokenizer: loadTokenizer(withSpecialTokens(json, CHAT_TOKENS), names), template: CHATML }
}

function tunedConfig(
  options: ParsedTuneOptions,
  { config }: OpenModel<DecoderConfig>,
  vocabSize: number,
): DecoderConfig {
  const { context = config.context, dropout } = options
  if (context > config.context && config.positions === 'learned')
    throw new UserError(
      'context is ' +
        `${context}, but the model has learned positions for ${config.context} tokens only`,
    )
  const rates = { embeddingDropout: dropout, attentionDropout: dropout, residualDropout: dropout }
  const longest = Math.max(context, config.context)
  return { ...config, ...rates, context: longest, vocabSize: Math.max(vocabSize, config.vocabSize) }
}

async function readAll(
  sources: readonly string[],
  { encoding, encodingErrors, out: own }: ParsedTuneOptions,
  events: TrainEvents,
): Promise<Conversation[]> {
  const report = tellData(events.onMessage)
  const { signal } = events
  const corpus = await openCorpus(sources, { encoding, encodingErrors, report, own, signal })
  try {
    const conversations: Conversation[] = []
    for await (const conversation of readConversations(corpus, report))
      conversations.push(conversation)
    return conversations
  } finally {
    await corpus.close()
  }
}
