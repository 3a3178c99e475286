import { trainOptions } from '../../train/options.ts'
import { defineCommand } from '../command.ts'
import { dropoutHelp, trainingHelp } from '../help/training.ts'
import { runTraining } from '../run-training.ts'

const { Length, Optimizer, Regularization, Run } = trainingHelp

export const train = defineCommand({
  name: 'train',
  summary: 'Train a model on text.',
  options: trainOptions,
  help: {
    Data: {
      data: '`SOURCE` text: files, folders, patterns, npm:PACKAGE/PATH, or - for standard input',
      val: '`FRACTION|SOURCE` text to validate on: a share of --data, from its end, or sources of its own',
      tokenizer: '`char|bpe|DIR` characters, byte-level BPE, or a folder with a tokenizer.json',
      vocab: 'tokens of a bpe vocabulary to train (default: by the size of the text)',
    },
    Model: {
      style: 'gpt2: learned positions, LayerNorm, GELU; llama: rotary positions, RMSNorm, SwiGLU',
      depth: 'one dial: layers, from which width, heads, context, rate and length follow',
      layers: 'Transformer blocks (default: --depth, or 4)',
      heads: 'attention heads (default: one for each 64 of --dim)',
      kvHeads: 'heads of keys and values; fewer than --heads is grouped-query attention',
      dim: 'width (default: 64 for each layer)',
      hiddenDim: 'width inside the feed-forward networks (default: by the style)',
      context: 'longest sequence, in tokens (default: by the layers)',
    },
    Length,
    Optimizer,
    Regularization: { dropout: dropoutHelp, ...Regularization },
    Run,
  },
  examples: [
    'chatwright train --data book.txt --out my-model --depth 4',
    "chatwright train --data 'books/*.txt' --val held-out.txt --out my-model --style llama --layers 6 --dim 384",
    'chatwright train --data book.txt --out my-model --depth 4 --resume',
  ],
  run: async (options) => {
    const { train } = await import('../../train/train.ts')
    return runTraining((events) => train(options, events))
  },
})
