import pc from 'picocolors'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { beamOptions, generateOptions } from '../../generate/options.ts'
import { flagOf } from '../../options.ts'
import { defineCommand } from '../command.ts'
import { findAdapters, findModel } from '../find-model.ts'
import { modelHelp, modelOptions, samplingHelp } from '../help/generation.ts'
import { Interrupt } from '../interrupt.ts'

const { prompt: _, sources: __, maxTokens: ___, ...search } = beamOptions.shape
const beam = { ...search, beams: z.number().int().min(0).max(1000).default(0) }

export const generate = defineCommand({
  name: 'generate',
  summary: 'Continue a text.',
  options: z.strictObject({ ...modelOptions, ...generateOptions.shape, ...beam }),
  help: {
    Model: modelHelp,
    Text: {
      prompt: 'text to continue, or for an encoder-decoder to read (default: none)',
      sources: '`TEXT` several texts for an encoder-decoder to read together',
    },
    ...samplingHelp,
    'Beam search': {
      beams: 'follow so many texts at a time, instead of sampling; 0 samples',
      nBest: 'texts to give: the best ones',
      lengthPenalty: 'above 0 favors long texts: scores are divided by length ^ X',
      earlyStopping: 'end once as many texts have ended as are followed',
    },
  },
  examples: [
    "chatwright generate --model my-model --prompt 'Call me' --max-tokens 100",
    "chatwright generate --model my-model --prompt 'Call me' --temperature 0 --json",
    "chatwright generate --model my-t5 --prompt 'translate: ...' --beams 4",
  ],
  run: async (
    { model: name, adapter: adapters, engine, threads, bits, draft, ...options },
    { json },
  ) => {
    const { beams = 0, nBest, lengthPenalty, earlyStopping, ...sampled } = options
    if (beams === 0 && (nBest ?? lengthPenalty ?? earlyStopping) !== undefined)
      throw new UserError('--n-best, --length-penalty and --early-stopping need --beams')
    if (beams > 0) refuseSampling({ ...sampled, draft })
    const { load } = await import('../../generate/load.ts')
    const { stream } = await import('../../generate/generate.ts')
    const folder = await findModel(name)
    const adapter = adapters && (await findAdapters(adapters))
    const model = await load(folder, { adapter, engine, threads, bits, draft })
    const interrupt = new Interrupt().listen()
    const { signal } = interrupt
    try {
      if (beams > 0) {
        const { generateBeams } = await import('../../generate/generate-beams.ts')
        const { prompt, sources, maxTokens } = sampled
        const texts = await generateBeams(model, {
          prompt,
          sources,
          maxTokens,
          beams,
          signal,
          nBest,
          lengthPenalty,
          earlyStopping,
        })
        return { result: { texts }, text: texts.map(({ text }) => text).join('\n') }
      }
      if (process.stdout.isTTY && !json && model.config.kind === 'decoder')
        process.stdout.write(pc.dim(sampled.prompt ?? ''))
      const generation = stream(model, { ...sampled, signal })
      let step = await generation.next()
      for (; !step.done; step = await generation.next())
        if (!json) process.stdout.write(step.value.text)
      if (!json) process.stdout.write('\n')
      const { pieces, ...result } = step.value
      const { exitCode } = interrupt
      return { result: sampled.logprobs === undefined ? result : { ...result, pieces }, exitCode }
    } finally {
      interrupt.close()
      await model.dispose()
    }
  },
})

/** Beam search draws nothing. Throws UserError where an option of sampling is given. */
function refuseSampling(options: Record<string, unknown>): void {
  const { prompt: _, sources: __, maxTokens: ___, slide: ____, ...others } = options
  const isGiven = (value: unknown) =>
    value !== undefined && !(Array.isArray(value) && !value.length)
  const wrong = Object.keys(others).find((name) => isGiven(others[name]))
  if (wrong)
    throw new UserError(`${flagOf(wrong)} does not go with --beams; leave out one of the two`)
}
