import { mergeOptions } from '../../checkpoint/merge.ts'
import { defineCommand } from '../command.ts'
import { findAdapters, findModel } from '../find-model.ts'
import { modelHelp } from '../help/generation.ts'

export const merge = defineCommand({
  name: 'merge',
  summary: 'Add adapters to the weights of their model, for a model of its own.',
  options: mergeOptions,
  help: {
    Model: {
      model: modelHelp.model,
      adapter: '`DIR|OWNER/NAME` LoRA adapters; several add up',
      out: '`DIR` folder of the result',
    },
  },
  examples: ['chatwright merge --model my-model --adapter my-adapter --out my-chat-model'],
  run: async (options) => {
    const { merge } = await import('../../checkpoint/merge.ts')
    const model = await findModel(options.model)
    const adapter = await findAdapters(options.adapter)
    const result = await merge({ ...options, model, adapter })
    const count = `${result.matrices} ${result.matrices === 1 ? 'matrix' : 'matrices'}`
    return { result, text: `${count} merged; in ${result.out}` }
  },
})
