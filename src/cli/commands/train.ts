import { TRAINED, trainOptions } from '../../train/options.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { trainingTaskHelp } from '../help/tasks.ts'
import { dropoutHelp, shuffleHelp, trainingHelp, weightsHelp } from '../help/training.ts'
import { trainInTerminal } from '../train-in-terminal.ts'

const { Length, Optimizer, Regularization, Run } = trainingHelp

export const train = defineCommand({
  name: 'train',
  summary: 'Train a model on text, or for a task on examples.',
  options: trainOptions,
  help: {
    Task: {
      task:
        'lm: the next token; mlm: masked tokens; classify: labels of texts; regress: numbers; ' +
        'reward: which of two answers is better; ' +
        'tag: labels of words; embed: vectors of texts; seq2seq: one text from others; ' +
        'completion: what follows a prompt',
      model:
        '`MODEL` train the body of this model further, under a head for the task: a folder, or ' +
        'owner/name on the Hub',
    },
    Data: {
      data:
        '`SOURCE` text, or records for the other tasks, also as tables (.csv, .tsv): files, ' +
        'folders, patterns, npm:PACKAGE/PATH, or - for standard input',
      weights: weightsHelp,
      val: '`FRACTION|SOURCE` data to validate on: a share of --data, or sources of its own',
      shuffle: shuffleHelp,
      tokenizer:
        '`char|bpe|PATH` characters, byte-level BPE, or a tokenizer: a model folder, ' +
        'tokenizer.json, *.model or *.gguf (default: bpe)',
      vocab: 'tokens of a bpe vocabulary to train (default: by the size of the text)',
    },
    Model: {
      architecture:
        'architecture (default: gpt2; t5 for --task seq2seq; bert for classify, regress, tag, ' +
        'embed and mlm)',
      depth: 'one dial: layers, from which width, heads, context, rate and length follow',
      layers: 'Transformer blocks (default: --depth, or 4)',
      heads: 'attention heads (default: one for each 64 of --dim)',
      kvHeads: 'heads of keys and values; fewer than --heads is grouped-query attention',
      dim: 'width (default: 64 for each layer)',
      hiddenDim: 'width inside the feed-forward networks (default: by the architecture)',
      context: 'longest sequence, in tokens (default: by the layers)',
      positions: 'how positions are encoded (default: by the architecture)',
      output: 'one matrix with the embedding, or one of its own (default: by the architecture)',
      activation: 'of the feed-forward networks (default: by the architecture)',
      ropeTheta: 'base of the wavelengths of rotary positions (default: by the architecture)',
      norm: 'LayerNorm, RMSNorm or none (default: by the architecture)',
      feedForward: 'none: layers of attention alone (default: each has a feed-forward network)',
      init:
        'how matrices and embeddings are initialized: LeCun, normal of 0.02 (gpt2), Xavier, ' +
        'Kaiming, or as PyTorch does (default: lecun)',
      window:
        'tokens that attention sees, the current one included, in the layers that have a window ' +
        '(default: by the architecture)',
      experts: 'feed-forward networks of each layer, of which a token passes through some',
      expertsPerToken: 'feed-forward networks that a token passes through',
    },
    Length,
    Optimizer,
    Regularization: {
      dropout: dropoutHelp,
      feedForwardDropout: 'rate of dropout behind the activation of feed-forward networks',
      ...Regularization,
    },
    Run,
    ...trainingTaskHelp(TRAINED),
  },
  examples: [
    'chatwright train --data book.txt --out my-model --depth 4',
    "chatwright train --data 'books/*.txt' --val held-out.txt --out my-model --architecture " +
      'llama --layers 6 --dim 384',
    'chatwright train --data book.txt --out my-model --depth 4 --resume',
    'chatwright train --documents whole --data names.jsonl --out my-names',
    'chatwright train --task completion --data sums.jsonl --tokenizer char --out my-sums',
    'chatwright train --task classify --data reviews.jsonl --out my-classifier',
    'chatwright train --task classify --data reviews.csv --text-field review --label-field stars ' +
      '--out my-stars',
    'chatwright train --task classify --model owner/name --data reviews.jsonl --out my-classifier',
    'chatwright train --task reward --model my-chat-model --data preferences.jsonl --out my-judge',
  ],
  run: async (options) => {
    const { train } = await import('../../train/train.ts')
    return trainInTerminal(async (events) => {
      const model = options.model && (await findModel(options.model))
      return train({ ...options, model }, events)
    })
  },
})
