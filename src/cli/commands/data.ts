import type { Command } from 'commander'
import { augmentDataOptions } from '../../tasks/augment-data.ts'
import { defineCommand } from '../command.ts'
import { readingHelp } from '../help/reading.ts'
import { taskHelp } from '../help/tasks.ts'
import { trainingHelp } from '../help/training.ts'
import { interruptible } from '../interrupt.ts'

const augment = defineCommand({
  name: 'augment',
  summary: 'Write records and varied copies of them.',
  options: augmentDataOptions,
  help: {
    Data: {
      data:
        '`SOURCE` records, or text: files, folders, patterns, npm:PACKAGE/PATH, or - for ' +
        'standard input',
      task: 'task that the records are for; lm and mlm take text',
      out: '`FILE.jsonl` output file, one JSON record per line',
      textField: taskHelp.textField,
      pairField: taskHelp.pairField,
      labelField: taskHelp.labelField,
      ...readingHelp,
    },
    Augmentation: {
      augment: trainingHelp.Regularization.augment.replace(
        /vary.*?by/,
        'operations, one of which is applied to each copy, by',
      ),
      synonyms: trainingHelp.Regularization.synonyms,
      copies: 'number of varied copies written after each record',
      seed: 'the same seed gives the same copies',
    },
  },
  examples: [
    'chatwright data augment --task classify --data reviews.jsonl --augment ' +
      'deletion=0.1,swap=0.1 --out more-reviews.jsonl',
    'chatwright data augment --data poems.txt --augment noise=0.05 --out noisy.jsonl',
  ],
  run: async (options) => {
    const { augmentData } = await import('../../tasks/augment-data.ts')
    const result = await interruptible((signal) =>
      augmentData(options, { signal, onMessage: console.error }),
    )
    const { out, records, copies, unchanged } = result
    const left = unchanged > 0 ? ` (${unchanged} left out, since nothing changed)` : ''
    return { result, text: `${records} records, ${copies} varied copies${left}; in ${out}` }
  },
})

export const data = (parent: Command): void => {
  const command = parent.command('data').description('Prepare data.')
  augment(command)
}
