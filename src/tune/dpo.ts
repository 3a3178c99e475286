import { z } from 'zod'
import { preferenceSet } from '../data/chat/preference-set.ts'
import { type Preference, readPreferences } from '../data/chat/preferences.ts'
import { UserError } from '../errors.ts'
import { Decoder } from '../models/decoder.ts'
import { preferenceObjective } from '../objectives/preference.ts'
import { amount, positiveNumber, resumedAs } from '../options.ts'
import { chat, unread, variedMessages } from '../tasks/chat.ts'
import { answered, encodePair } from '../tasks/encode-pair.ts'
import { recordTask } from '../tasks/records.ts'
import { smoothing, type Values } from '../tasks/task.ts'
import type { TrainingOptions } from '../train/options.ts'
import { likelihoodWatch } from './likelihood-watch.ts'
import type { Method } from './method.ts'
import { addReference } from './reference.ts'

const learning = {
  // Validation losses before and after a change would not compare.
  ...resumedAs('fixed', {
    loss: z.enum(['sigmoid', 'ipo', 'hinge']).default('sigmoid'),
    beta: positiveNumber.default(0.1),
    gamma: amount.default(0),
    referenceFree: z.boolean().default(false),
    lengthNormalized: z.boolean().default(false),
    nllWeight: amount.default(0),
  }),
  ...smoothing,
}

/** What the assistant says in `chosen` rather than in `rejected`, after the same messages. */
const preferences = recordTask({
  kinds: ['decoder'],
  architecture: 'gpt2',
  data: '{"prompt": "...", "chosen": "...", "rejected": "..."}',
  options: chat.options,
  learning,
  read: readPreferences,
  texts: ({ prompt, chosen, rejected }) =>
    [...prompt, ...chosen, ...rejected].map(({ content }) => content),
  varied: (record, variation) => ({
    ...record,
    prompt: variedMessages(record.prompt, variation),
  }),
  examples: (records, subject, { length }) =>
    preferenceSet(
      records.map((record) => encodePair(subject, record)),
      {
        length,
        padId: subject.tokenizer.padId,
        notices: [
          ...unread(
            subject,
            records.map((record) => answered(record, record.chosen)),
          ),
          ...unusedMargins(records),
        ],
      },
    ),
  objective: (model, options) => {
    if (!(model instanceof Decoder)) throw new TypeError(`an ${model.config.kind} does not chat`)
    const loss = z.object(learning).parse(options)
    const { length, evaluation } = options
    return (sizes) => preferenceObjective(model, { ...sizes, ...loss, length, evaluation })
  },
  begin: async (sets, start, options) => {
    if (!options.referenceFree) await addReference(sets, start, options)
  },
  watch: likelihoodWatch,
  measures: [],
  fitted: true,
})

function unusedMargins(records: readonly Preference[]): string[] {
  const count = records.filter(({ margin = 0 }) => margin > 0).length
  if (count === 0) return []
  return [
    `${count} of ${records.length} pairs have a margin, which DPO does not use: a reward model ` +
      'does (`chatwright train --task reward`)',
  ]
}

/** Throws UserError where an option changes nothing, or contradicts the loss. */
function check({
  loss,
  labelSmoothing,
  gamma,
  referenceFree,
  augment,
}: Values<typeof learning> & Pick<TrainingOptions, 'augment'>): void {
  if (augment && !referenceFree)
    throw new UserError(
      "--augment varies prompts, and the reference's log-probabilities are of the original ones; " +
        'add --reference-free, or leave out --augment',
    )
  if (labelSmoothing > 0 && loss !== 'sigmoid')
    throw new UserError(`--label-smoothing is of --loss sigmoid, not of ${loss}; leave it out`)
  if (labelSmoothing >= 0.5)
    throw new UserError(
      `--label-smoothing is ${labelSmoothing}, the probability that a preference label is ` +
        'flipped; give less than 0.5',
    )
  if (gamma > 0 && loss === 'ipo')
    throw new UserError('--gamma is of --loss sigmoid and hinge, not of ipo; leave it out')
}

/**
 * Direct preference optimization (Rafailov et al. 2023): answers that people prefer become likelier
 * than others, compared to the model that training starts from.
 */
export const dpo = {
  task: preferences,
  check,
  learningRate: 2e-5,
  epochs: 1,
} as const satisfies Method<typeof chat.options, typeof learning>
