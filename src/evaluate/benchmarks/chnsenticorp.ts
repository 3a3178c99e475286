import { tableRows } from '../../data/sources/table-rows.ts'
import { UserError } from '../../errors.ts'
import type { ChoicesBenchmark } from './benchmark.ts'

const LABELS = ['负面', '正面']

/**
 * Whether a Chinese review of a hotel is positive (Tan 2006): a table of labels and reviews, which
 * is not split. lm-evaluation-harness has no prompt for it.
 */
export const chnsenticorp: ChoicesBenchmark = {
  kind: 'choices',
  home: 'github.com/SophonPlus/ChineseNlpCorpus',
  measures: ['labels', 'probabilities'],
  files: ['ChnSentiCorp*.csv'],
  delimiter: '',
  labels: LABELS,
  classes: ['0', '1'],
  async *read({ name, text }) {
    for await (const { cells, line } of tableRows([text], { name, separator: ',' })) {
      const [label = '', review = ''] = cells
      if (label === 'label') continue
      if (label !== '0' && label !== '1')
        throw new UserError(`${name}:${line}: the label is ${label}; expected 0 or 1, and a review`)
      yield {
        id: `${line}`,
        prompt: `${review}\n问题：这条评论是正面的还是负面的？\n答案：`,
        text: review,
        choices: LABELS,
        answer: Number(label),
      }
    }
  },
}
