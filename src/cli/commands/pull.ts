import { z } from 'zod'
import { pullOptions } from '../../hub/options.ts'
import { defineCommand } from '../command.ts'
import { interruptible } from '../interrupt.ts'
import { showTransfer } from '../show-transfer.ts'

export const pull = defineCommand({
  name: 'pull',
  summary: 'Download a model from the Hugging Face Hub.',
  options: z.strictObject({
    name: z.string().min(1),
    revision: z.string().min(1).optional(),
    ...pullOptions.pick({ include: true, exclude: true }).shape,
  }),
  argument: { name: 'name', help: 'OWNER/NAME of the model', required: true },
  help: {
    Files: {
      revision: 'branch, tag or commit (default: main)',
      include: '`GLOB` files to fetch instead of those that a model needs',
      exclude: '`GLOB` files to leave out',
    },
  },
  examples: [
    'chatwright pull HuggingFaceTB/SmolLM2-135M-Instruct',
    "chatwright pull someone/some-model --revision v1.0 --include '*Q8_0.gguf'",
  ],
  run: async ({ name, revision, ...options }) => {
    const { pullModel } = await import('../../hub/pull.ts')
    const { events, end } = showTransfer()
    const model = revision === undefined ? name : `${name}@${revision}`
    const folder = await interruptible((signal) =>
      pullModel(model, { ...options, signal }, events),
    ).finally(end)
    return { result: { model, folder }, text: folder }
  },
})
