import { parsedRecords } from '../data/sources/faults.ts'
import { accuracy, macroF1 } from '../metrics/classification.ts'
import { classificationObjective } from '../objectives/classification.ts'
import { classify as askForLabels } from '../predict/classify.ts'
import {
  fieldOptions,
  type LabeledText,
  labeledTextParser,
  labeledTextSet,
  labelsOf,
} from './labeled-texts.ts'
import { recordTask } from './records.ts'
import { smoothing } from './task.ts'
import { asReader, readerOf } from './trained-model.ts'

/** Classification: a label for each text, or pair of texts. */
export const classify = recordTask({
  kinds: ['encoder', 'decoder'],
  architecture: 'bert',
  data: '{"text": "...", "label": "..."}, with "pair" for a second text',
  options: fieldOptions,
  learning: smoothing,
  read: (corpus, _, fields) => parsedRecords(corpus, labeledTextParser(fields)),
  texts: textsOf,
  head: (records) => ({ task: 'classify', labels: labelsOf(records) }),
  labelOf: ({ label }) => String(label),
  examples: (records, { model, tokenizer }, { length }) =>
    labeledTextSet(records, readerOf(model).config.head?.labels ?? [], { tokenizer, length }),
  objective:
    (model, { length, labelSmoothing }) =>
    (sizes) =>
      classificationObjective(readerOf(model), {
        ...sizes,
        length,
        labelSmoothing,
      }),
  score: (trained, records) =>
    asReader(trained, async (model, options) => {
      const predicted = await askForLabels(model, records, options)
      const pairs = records.map(({ label }, i) => [predicted[i]?.label, String(label)] as const)
      return { accuracy: accuracy(pairs), f1: macroF1(pairs) }
    }),
})

export function textsOf({ text, pair }: LabeledText): string[] {
  return pair === undefined ? [text] : [text, pair]
}
