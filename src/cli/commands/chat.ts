import { z } from 'zod'
import { chatOptions } from '../../generate/options.ts'
import { defineCommand } from '../command.ts'
import { findAdapters, findModel } from '../find-model.ts'
import { modelHelp, modelOptions, samplingHelp } from '../help/generation.ts'
import { languageHelp, languageOption, userLanguage } from '../language.ts'

const { logprobs: _, ...sampling } = chatOptions.shape
const { logprobs: __, ...lengthHelp } = samplingHelp.Length

export const chat = defineCommand({
  name: 'chat',
  summary: 'Talk to a model in the terminal.',
  options: z.strictObject({
    ...modelOptions,
    system: z.string().min(1).optional(),
    chatTemplate: z.string().min(1).optional(),
    language: languageOption,
    ...sampling,
  }),
  help: {
    Model: modelHelp,
    Conversation: {
      system: 'system message, before the conversation',
      chatTemplate: '`FILE` chat template to use (Jinja), or chatml (default: the model’s own)',
      language: languageHelp,
    },
    ...samplingHelp,
    Length: lengthHelp,
  },
  examples: [
    'chatwright chat --model my-chat-model',
    'chatwright chat --model my-model --adapter my-adapter',
    "chatwright chat --model my-chat-model --system 'Answer in one sentence.' --temperature 0.7",
  ],
  run: async ({ model: name, system, chatTemplate, language, ...options }) => {
    const { adapter: adapters, engine, threads, bits, draft, ...sampling } = options
    const { load } = await import('../../generate/load.ts')
    const { converse } = await import('../chat/converse.ts')
    const folder = await findModel(name)
    const adapter = adapters && (await findAdapters(adapters))
    const model = await load(folder, { adapter, chatTemplate, engine, threads, bits, draft })
    try {
      const spoken = language ?? userLanguage()
      const messages = await converse({ model, system, language: spoken, sampling })
      return { result: { messages } }
    } finally {
      await model.dispose()
    }
  },
})
