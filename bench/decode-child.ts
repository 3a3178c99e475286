import { generateFromTokens } from '../src/generate/from-tokens.ts'
import { LanguageModel } from '../src/generate/language-model.ts'
import { openDecoding } from '../src/generate/open-decoding.ts'
import { chatOptions } from '../src/generate/options.ts'
import type { Bits } from '../src/models/quantize.ts'
import { openEngine } from '../src/runtime/open.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import {
  type DecodeAnswer,
  type DecodeRequest,
  LONGEST,
  promptIds,
  randomModel,
  type ShapeName,
} from './decode-task.ts'
import { serveRequests } from './worker.ts'

/** Our side of `bench decode`: arguments `SHAPE THREADS`, then one request a message. */
const [shape, threads] = process.argv.slice(2) as [ShapeName, string]

const engine = await openEngine({ engine: 'cpu', threads: Number(threads) })
const { decoder, weights } = randomModel(shape)
const tokenizer = idsOnly(decoder.config.vocabSize)
const open = (draft?: Bits) =>
  LanguageModel.create({ engine, model: decoder, weights: { packed: weights }, tokenizer, draft })
const model = await open()
const drafted = new Map<Bits | undefined, LanguageModel>([[undefined, model]])

serveRequests((request: DecodeRequest) =>
  request.kind === 'prompt' ? prompt(request) : decode(request),
)

async function prompt({ length }: { length: number }): Promise<DecodeAnswer> {
  const decoding = await openDecoding(model, { sequences: 1, capacity: LONGEST })
  const started = performance.now()
  await decoding.read(0, promptIds(length))
  const rate = (1000 * length) / (performance.now() - started)
  decoding.dispose()
  return { rate }
}

async function decode(request: Extract<DecodeRequest, { kind: 'decode' }>): Promise<DecodeAnswer> {
  const { draft } = request
  const chosen = drafted.get(draft) ?? (await open(draft))
  drafted.set(draft, chosen)
  const prompts = Array.from({ length: request.batch }, () => ({ ids: promptIds(request.prompt) }))
  const options = { ...chatOptions.parse({ temperature: 0 }), maxTokens: request.steps }
  const generated = await generateFromTokens(chosen, prompts, options)
  const rate = generated.reduce((sum, { tokensPerSecond }) => sum + tokensPerSecond, 0)
  return { rate, ids: generated.map(({ tokens }) => tokens) }
}

/** A tokenizer for models that are given and asked for ids alone. */
function idsOnly(vocabSize: number): Tokenizer {
  return {
    vocabSize,
    specialTokens: {},
    bosId: undefined,
    eosId: undefined,
    encode: () => [],
    decode: () => '',
    decoder: () => ({ push: () => '', end: () => '' }),
    toJSON: () => ({}),
  }
}
