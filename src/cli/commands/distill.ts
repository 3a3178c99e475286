import { distillOptions, TAUGHT } from '../../tune/distill/options.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { trainingTaskHelp } from '../help/tasks.ts'
import { dropoutHelp, shuffleHelp, trainingHelp, weightsHelp } from '../help/training.ts'
import { trainInTerminal } from '../train-in-terminal.ts'

const { Length, Optimizer, Regularization, Run } = trainingHelp

export const distill = defineCommand({
  name: 'distill',
  summary: 'Train a small model on what a larger one says.',
  options: distillOptions,
  help: {
    Teacher: {
      teacher:
        '`DIR|OWNER/NAME` model to learn from; of several with the same labels and tokenizer, ' +
        'the mean of their probabilities',
      task: 'what is taught (default: what the teacher was made for; of a decoder, lm)',
      temperature: 'divides the logits of both; above 1, the unlikely counts more',
      labelWeight: 'share of the labels’ loss in the whole; 0 learns from the teacher alone',
      divergence:
        'forward: KL(teacher || student), which covers all that the teacher says; reverse: ' +
        'KL(student || teacher), which keeps to what it says most',
      outputs:
        'kept: compute what the teacher says of each row once, and keep it in --out; live: with ' +
        'each step (default: kept where rows come back as they were, as records do)',
      topK: 'classes of each target that are kept; all others count as one',
      generate:
        'let the teacher answer the prompts of N records, or with lm write N texts, and train on ' +
        'those: in place of the answers in --data, with lm beside --data',
      generateTemperature: 'of the texts of --generate (default: 0, the likeliest; with lm 1)',
    },
    'Hidden states': {
      hiddenWeight: 'weight of the distance between hidden states; 0 compares none',
      hiddenLoss: 'distance: of directions, or squared',
      layerMap:
        '`STUDENT:TEACHER` layers that are compared, from 1, such as 1:2 2:4 (default: all of ' +
        'the student’s, evenly spaced)',
    },
    Student: {
      student:
        '`DIR|OWNER/NAME` model to train further, with the teacher’s tokenizer (default: a new ' +
        'one of the teacher’s architecture, in the sizes given here)',
      initFromTeacher:
        'begin with the teacher’s embeddings and head, and with evenly spaced layers of its own',
      layers: 'Transformer blocks (default: the teacher’s)',
      dim: 'width (default: the teacher’s)',
      heads: 'attention heads (default: of the same size as the teacher’s)',
      kvHeads: 'heads of keys and values (default: in the teacher’s proportion)',
      hiddenDim: 'width inside the feed-forward networks (default: in the teacher’s proportion)',
      init: 'how matrices and embeddings are initialized (default: lecun)',
    },
    Data: {
      data:
        '`SOURCE` text, or records for the other tasks: files, folders, patterns, ' +
        'npm:PACKAGE/PATH, or - for standard input',
      weights: weightsHelp,
      val: '`FRACTION|SOURCE` data to validate on: a share of --data, or sources of its own',
      shuffle: shuffleHelp,
      context: 'longest sequence, in tokens (default: the model’s context)',
    },
    Length,
    Optimizer,
    Regularization: {
      dropout: dropoutHelp,
      feedForwardDropout: 'rate of dropout behind the activation of feed-forward networks',
      ...Regularization,
    },
    Run,
    ...trainingTaskHelp(TAUGHT),
  },
  examples: [
    'chatwright distill --teacher large --layers 3 --data reviews.jsonl --out small',
    'chatwright distill --teacher large --layers 3 --init-from-teacher --hidden-weight 1 --data ' +
      'reviews.jsonl --out small',
    'chatwright distill --teacher a b c --layers 2 --dim 128 --data reviews.jsonl --out small',
    'chatwright distill --teacher large --layers 4 --dim 256 --data book.txt --out small',
    'chatwright distill --teacher sums --layers 2 --generate 5000 --data sums.jsonl --task ' +
      'completion --out small',
  ],
  run: async (options) => {
    const { distill } = await import('../../tune/distill/distill.ts')
    return trainInTerminal(async (events) => {
      const teacher: string[] = []
      for (const name of options.teacher) teacher.push(await findModel(name))
      const student = options.student && (await findModel(options.student))
      return distill({ ...options, teacher, student }, events)
    })
  },
})
