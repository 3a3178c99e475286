import { tuneOptions } from '../../tune/options.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { methodHelp } from '../help/tasks.ts'
import { dropoutHelp, shuffleHelp, trainingHelp, weightsHelp } from '../help/training.ts'
import { trainInTerminal } from '../train-in-terminal.ts'

const { Length, Optimizer, Regularization, Run } = trainingHelp

export const tune = defineCommand({
  name: 'tune',
  summary: 'Teach a model to follow instructions, to prefer better answers, or to earn rewards.',
  options: tuneOptions,
  help: {
    Data: {
      data:
        '`CHAT.jsonl` conversations: OpenAI-style messages, ShareGPT’s, or Alpaca-style ' +
        'instruction, input, output, also as a table (.csv, .tsv); for dpo, ' +
        'prompt, chosen, rejected; for grpo, prompts, with the answer for the reward exact',
      weights: weightsHelp,
      val:
        '`FRACTION|CHAT.jsonl` conversations to validate on: a share of --data, or files of ' +
        'their own',
      shuffle: shuffleHelp,
    },
    Model: {
      method:
        'how the model learns; sft: to imitate the assistant in conversations; dpo: to prefer ' +
        'one answer to another; grpo: from rewards for what it writes itself',
      model:
        '`DIR|OWNER/NAME` folder of the model to start from, or its name on the Hugging Face Hub',
      context: "longest conversation, in tokens (default: the model's context)",
    },
    Adapter: {
      adapter:
        'learn the whole model, or with lora a small adapter beside it, which is what --out ' +
        'then holds',
      rank: 'columns of the adapter’s two thin matrices',
      alpha: 'scale: what the adapter adds is multiplied by alpha / rank (default: twice --rank)',
      adapterDropout: 'share of what the adapter reads that is left out at random',
      adapterLayers:
        '`LAYER` names of the layers to adapt, such as q_proj, or one regular expression of ' +
        'whole names',
      baseBits: '`BITS` hold the model under the adapter in 8 or 4 bits, for less memory',
      rslora: 'divide --alpha by the root of the rank, so that high ranks learn as fast',
    },
    Length,
    Optimizer,
    Regularization: { dropout: dropoutHelp, ...Regularization },
    Run,
    ...methodHelp(),
  },
  examples: [
    'chatwright tune --model my-model --data chat.jsonl --out my-chat-model',
    'chatwright tune --model my-model --data chat.jsonl --adapter lora --rank 16 --out my-adapter',
    'chatwright tune --model my-model --data alpaca.json own.jsonl --weights 3,1 --out my-mix',
    'chatwright tune --method dpo --model my-chat-model --data preferences.jsonl --out my-aligned',
  ],
  run: async (options) => {
    const { tune } = await import('../../tune/tune.ts')
    return trainInTerminal(async (events) => {
      const model = await findModel(options.model)
      return tune({ ...options, model }, events)
    })
  },
})
