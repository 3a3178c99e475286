import { UserError } from '../../errors.ts'
import type { ChoicesBenchmark } from './benchmark.ts'

const CLASSES = ['ABBR', 'ENTY', 'DESC', 'HUM', 'LOC', 'NUM']
const LABELS = ['Abbreviation', 'Entity', 'Description', 'Person', 'Location', 'Number']

/**
 * What a question asks for (Li & Roth 2002), the coarse classes. The prompt is that of Zhao et al.
 * 2021, Calibrate before use; lm-evaluation-harness has none.
 */
export const trec: ChoicesBenchmark = {
  kind: 'choices',
  home: 'cogcomp.seas.upenn.edu/Data/QA/QC',
  measures: ['labels', 'probabilities'],
  files: ['TREC_10.label', 'test.txt'],
  examples: ['train_5500.label', 'train.txt'],
  encoding: 'latin1',
  delimiter: ' ',
  labels: LABELS,
  classes: CLASSES,
  description: () =>
    'Classify the questions based on whether their answer type is a Number, Location, Person, ' +
    'Description, Entity, or Abbreviation.\n\n',
  *read({ name, text }) {
    for (const [i, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue
      const [, coarse = '', question = ''] = /^(\w+):\S+ (.*)$/.exec(line.trim()) ?? []
      const answer = CLASSES.indexOf(coarse)
      if (answer < 0)
        throw new UserError(
          `${name}:${i + 1}: expected CLASS:class and a question, as in "NUM:dist How far is it ?"`,
        )
      yield {
        id: `${i}`,
        prompt: `Question: ${question}\nAnswer Type:`,
        text: question,
        choices: LABELS,
        answer,
      }
    }
  },
}
