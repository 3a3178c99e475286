import { UserError } from '../../errors.ts'
import type { ChoicesBenchmark } from './benchmark.ts'

const LABELS = ['negative', 'positive']

/**
 * Whether a sentence of a film review is positive (Socher et al. 2013), in GLUE's form: the columns
 * `sentence` and `label`. GLUE's own test set has no labels; there, `dev` is read. The prompt
 * follows lm-evaluation-harness.
 */
export const sst2: ChoicesBenchmark = {
  kind: 'choices',
  home: 'gluebenchmark.com/tasks',
  measures: ['labels', 'probabilities'],
  files: ['test.tsv', 'dev.tsv'],
  examples: ['train.tsv'],
  delimiter: ' ',
  labels: LABELS,
  classes: ['0', '1'],
  *read({ name, text }) {
    // Quotes are text in these files.
    const [head = '', ...lines] = text.replace(/\n+$/, '').split('\n')
    const columns = head.split('\t')
    const [sentence, label] = ['sentence', 'label'].map((column) => columns.indexOf(column)) as [
      number,
      number,
    ]
    if (sentence < 0) throw new UserError(`${name}:1: expected the columns sentence and label`)
    if (label < 0) return
    for (const [i, line] of lines.entries()) {
      const cells = line.split('\t')
      const answer = Number(cells[label])
      if (answer !== 0 && answer !== 1)
        throw new UserError(`${name}:${i + 2}: the label is ${cells[label]}; expected 0 or 1`)
      const read = cells[sentence] as string
      yield {
        id: `${i}`,
        prompt: `${read}\nQuestion: Is this sentence positive or negative?\nAnswer:`,
        text: read,
        choices: LABELS,
        answer,
      }
    }
  },
}
