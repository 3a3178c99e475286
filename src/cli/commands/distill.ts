import { distillOptions, TAUGHT } from '../../tune/distill/options.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { trainingTaskHelp } from '../help/tasks.ts'
import { dropoutHelp, shuffleHelp, trainingHelp, weightsHelp } from '../help/training.ts'
import { trainInTerminal } from '../train-in-terminal.ts'

const { Length, Optimizer, Regularization, Run } = trainingHelp

export const distill = defineCommand({
  name: 'distill',
  summary: 'Train a small model to match a larger one.',
  options: distillOptions,
  help: {
    Teacher: {
      teacher:
        '`DIR|OWNER/NAME` model to learn from; several, with the same labels and tokenizer, are ' +
        'an ensemble, whose probabilities are averaged',
      task: 'task to teach (default: the one the teacher was made for; for a decoder, lm)',
      temperature: 'divides the logits of both models; above 1, unlikely outputs count more',
      labelWeight: 'share of the labels in the loss; 0 learns from the teacher alone',
      divergence:
        'forward: KL(teacher || student), which covers all the teacher’s outputs; reverse: ' +
        'KL(student || teacher), which concentrates on its likeliest ones',
      outputs:
        'kept: compute the teacher’s outputs once for each row, and keep them in --out; live: ' +
        'compute them at every step (default: kept if every epoch repeats the same rows, such ' +
        'as records)',
      topK: 'classes kept for each target; all others are merged into one',
      generate:
        'let the teacher answer the prompts of N records, or with lm write N texts, and train on ' +
        'these instead of the answers in --data; with lm, in addition to --data',
      generateTemperature:
        'temperature for --generate (default: 0, which takes the likeliest token; with lm, 1)',
    },
    'Hidden states': {
      hiddenWeight: 'weight of the distance between hidden states; 0 compares none',
      hiddenLoss: 'distance: cosine, or mean squared error',
      layerMap:
        '`STUDENT:TEACHER` pairs of layers to compare, counted from 1, such as 1:2 2:4 (default: ' +
        'all of the student’s, with evenly spaced ones of the teacher)',
    },
    Student: {
      student:
        '`DIR|OWNER/NAME` model to train further, with the teacher’s tokenizer (default: a new ' +
        'one with the teacher’s architecture, in the sizes given here)',
      initFromTeacher: 'start from the teacher’s embeddings, head and evenly spaced layers',
      layers: 'Transformer blocks (default: the teacher’s)',
      dim: 'width (default: the teacher’s)',
      heads: 'attention heads (default: as many as keep the teacher’s head size)',
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
