import type { Variation } from '../data/augment/augmenter.ts'
import { parsedRecords } from '../data/sources/faults.ts'
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
  varied: variedText,
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
  measures: ['labels', 'probabilities'],
  score: (trained, records) =>
    asReader(trained, async (model, options) => {
      const all = await askForLabels(model, records, options)
      return all.map(({ label: predicted, labels }, i) => {
        const record = records[i] as LabeledText
        const expected = String(record.label)
        return {
          id: String(i + 1),
          input: textsOf(record).join(' | '),
          expected,
          predicted,
          scores: {},
          probabilities: Object.fromEntries(
            labels.map(({ label, probability }) => [label, Number(probability.toPrecision(7))]),
          ),
        }
      })
    }),
})

export function textsOf({ text, pair }: LabeledText): string[] {
  return pair === undefined ? [text] : [text, pair]
}

/** Both texts varied; the label stays. */
export function variedText(record: LabeledText, { text }: Variation): LabeledText {
  const { pair } = record
  return { ...record, text: text(record.text), ...(pair !== undefined && { pair: text(pair) }) }
}
