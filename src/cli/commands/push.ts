import { z } from 'zod'
import { pushOptions } from '../../hub/options.ts'
import { defineCommand } from '../command.ts'
import { interruptible } from '../interrupt.ts'
import { showTransfer } from '../show-transfer.ts'

export const push = defineCommand({
  name: 'push',
  summary: 'Upload a model to the Hugging Face Hub; HF_TOKEN says whose it is.',
  options: z.strictObject({
    dir: z.string().min(1),
    name: z.string().min(1),
    ...pushOptions.pick({ private: true, message: true }).shape,
  }),
  argument: [
    { name: 'dir', help: 'folder of the model', required: true },
    { name: 'name', help: 'OWNER/NAME that it gets', required: true },
  ],
  help: {
    Repository: {
      private: 'only its owner can see it, if it is new',
      message: 'what the commit says',
    },
  },
  examples: ['chatwright push my-model my-name/my-model --private'],
  run: async ({ dir, name, ...options }) => {
    const { pushModel } = await import('../../hub/push.ts')
    const { events, end } = showTransfer()
    const result = await interruptible((signal) =>
      pushModel(dir, name, { ...options, signal }, events),
    ).finally(end)
    return { result, text: result.url }
  },
})
