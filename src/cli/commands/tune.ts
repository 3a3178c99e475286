import { tuneOptions } from '../../tune/options.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { dropoutHelp, trainingHelp } from '../help/training.ts'
import { runTraining } from '../run-training.ts'

const { Length, Optimizer, Regularization, Run } = trainingHelp

export const tune = defineCommand({
  name: 'tune',
  summary: 'Teach a model to follow instructions.',
  options: tuneOptions,
  help: {
    Data: {
      data: '`CHAT.jsonl` conversations: OpenAI-style messages, or Alpaca-style instruction, input, output',
      val: '`FRACTION|CHAT.jsonl` conversations to validate on: a share of --data, from its end, or files of their own',
    },
    Model: {
      model:
        '`DIR|OWNER/NAME` folder of the model to start from, or its name on the Hugging Face Hub',
      context: "longest conversation, in tokens (default: the model's context)",
    },
    Length,
    Optimizer,
    Regularization: { dropout: dropoutHelp, ...Regularization },
    Run,
  },
  examples: ['chatwright tune --model my-model --data chat.jsonl --out my-chat-model'],
  run: async (options) => {
    const { tune } = await import('../../tune/tune.ts')
    return runTraining(async (events) => {
      const model = await findModel(options.model, events)
      return tune({ ...options, model }, events)
    })
  },
})
