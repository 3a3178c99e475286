import pc from 'picocolors'
import { z } from 'zod'
import { generateOptions } from '../../generate/options.ts'
import { defineCommand } from '../command.ts'
import { findAdapters } from '../find-adapters.ts'
import { findModel } from '../find-model.ts'
import { modelHelp, samplingHelp } from '../help/generation.ts'
import { interruptSignal } from '../interrupt.ts'
import { modelOptions } from '../model-options.ts'

export const generate = defineCommand({
  name: 'generate',
  summary: 'Continue a text.',
  options: z.strictObject({ ...modelOptions, ...generateOptions.shape }),
  help: {
    Model: modelHelp,
    Text: {
      prompt: 'text to go on with, or for an encoder-decoder to read (default: none)',
      sources: '`TEXT` several texts for an encoder-decoder to read together',
    },
    ...samplingHelp,
  },
  examples: [
    "chatwright generate --model my-model --prompt 'Call me' --max-tokens 100",
    "chatwright generate --model my-model --prompt 'Call me' --temperature 0 --json",
  ],
  run: async ({ model: name, adapter: adapters, engine, threads, draft, ...options }, { json }) => {
    const signal = interruptSignal()
    const { load } = await import('../../generate/load.ts')
    const { stream } = await import('../../generate/generate.ts')
    const folder = await findModel(name, { signal })
    const adapter = adapters && (await findAdapters(adapters, { signal }))
    const model = await load(folder, { adapter, engine, threads, draft })
    try {
      if (process.stdout.isTTY && !json) process.stdout.write(pc.dim(options.prompt ?? ''))
      const generation = stream(model, { ...options, signal })
      let step = await generation.next()
      for (; !step.done; step = await generation.next())
        if (!json) process.stdout.write(step.value.text)
      if (!json) process.stdout.write('\n')
      const { pieces, ...result } = step.value
      return { result: options.logprobs === undefined ? result : { ...result, pieces } }
    } finally {
      await model.dispose()
    }
  },
})
