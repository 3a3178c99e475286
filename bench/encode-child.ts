import { generateFromTokens } from '../src/generate/from-tokens.ts'
import type { LanguageModel } from '../src/generate/language-model.ts'
import { load } from '../src/generate/load.ts'
import { chatOptions } from '../src/generate/options.ts'
import type { EncoderDecoderConfig } from '../src/models/encoder-decoder-config.ts'
import type { Bits } from '../src/models/quantize.ts'
import { loadTextModel, type TextModel } from '../src/predict/text-model.ts'
import { type EncodeAnswer, type EncodeRequest, textIds } from './encode-task.ts'
import { serveRequests } from './worker.ts'

/** Our side of `bench encode`: arguments `FOLDER KIND THREADS`, then one request a message. */
const [folder, kind, threads] = process.argv.slice(2) as [string, EncodeRequest['kind'], string]

const options = { engine: 'cpu', threads: Number(threads) } as const
serveRequests(
  kind === 'encode'
    ? encoding(await loadTextModel(folder, options))
    : writing((draft) => load(folder, { ...options, draft })),
)

function encoding(model: TextModel) {
  return async (request: EncodeRequest): Promise<EncodeAnswer> => {
    const { batch, length } = request as Extract<EncodeRequest, { kind: 'encode' }>
    const ids = textIds(length)
    const texts = Array.from({ length: batch }, () => ({ ids, typeIds: ids.map(() => 0) }))
    const started = performance.now()
    await model.outputs(texts)
    return { rate: (1000 * batch * length) / (performance.now() - started) }
  }
}

function writing(open: (draft: Bits | undefined) => Promise<LanguageModel>) {
  const models = new Map<Bits | undefined, LanguageModel>()
  return async (request: EncodeRequest): Promise<EncodeAnswer> => {
    const { batch, length, steps, draft } = request as Extract<EncodeRequest, { kind: 'write' }>
    const model = models.get(draft) ?? (await open(draft))
    models.set(draft, model)
    const { startId } = model.config as EncoderDecoderConfig
    const never = Object.fromEntries([...model.stopIds].map((id) => [id, -1e9]))
    const prompt = { ids: [startId], sources: [textIds(length)] }
    const sampling = {
      ...chatOptions.parse({ temperature: 0, logitBias: never }),
      maxTokens: steps,
    }
    const started = performance.now()
    const prompts = new Array(batch).fill(prompt)
    for (const { tokens } of await generateFromTokens(model, prompts, sampling))
      if (tokens.length !== steps) throw new Error(`only ${tokens.length} tokens`)
    return { rate: (1000 * batch * steps) / (performance.now() - started) }
  }
}
