import {
  type LabelledText,
  labelledTextSet,
  labelsOf,
  parseLabelledText,
} from '../data/tasks/labelled-texts.ts'
import { accuracy, macroF1 } from '../metrics/classification.ts'
import { correlation, meanAbsoluteError } from '../metrics/regression.ts'
import { classificationObjective } from '../objectives/classification.ts'
import { classify as askForLabels, estimate } from '../predict/classify.ts'
import { asking, readerOf } from './reader-of.ts'
import type { RecordTask } from './task.ts'

const common = {
  kinds: ['encoder', 'decoder'],
  architecture: 'bert',
  parse: parseLabelledText,
  texts: ({ text, pair }: LabelledText) => (pair === undefined ? [text] : [text, pair]),
  objective:
    (model, { length, labelSmoothing }) =>
    (sizes) =>
      classificationObjective(readerOf(model), { ...sizes, length, labelSmoothing }),
} satisfies Partial<RecordTask<LabelledText>>

/** A label for each text, or pair of texts: `{"text": "...", "label": "..."}`. */
export const classify: RecordTask<LabelledText> = {
  ...common,
  head: (records) => ({ task: 'classify', labels: labelsOf(records) }),
  labelOf: ({ label }) => String(label),
  examples: (records, { tokenizer }, model, { length }) =>
    labelledTextSet(records, readerOf(model).config.head?.labels, { tokenizer, length }),
  measure: (trained, records) =>
    asking(trained, async (model, options) => {
      const said = await askForLabels(model, records, options)
      const pairs = records.map(({ label }, i) => [said[i]?.label, String(label)] as const)
      return { accuracy: accuracy(pairs), f1: macroF1(pairs) }
    }),
}

/** A number for each text: `{"text": "...", "label": 0.5}`; reward models are of this kind. */
export const regress: RecordTask<LabelledText> = {
  ...common,
  head: () => ({ task: 'regress', labels: [] }),
  examples: (records, { tokenizer }, _, { length }) =>
    labelledTextSet(records, undefined, { tokenizer, length }),
  measure: (trained, records) =>
    asking(trained, async (model, options) => {
      const said = await estimate(model, records, options)
      const pairs = records.map(({ label }, i) => [said[i] as number, Number(label)] as const)
      const related = correlation(pairs)
      return {
        meanAbsoluteError: meanAbsoluteError(pairs),
        ...(related !== undefined && { correlation: related }),
      }
    }),
}
