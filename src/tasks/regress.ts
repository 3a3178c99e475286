import { parsedRecords } from '../data/sources/faults.ts'
import { classificationObjective } from '../objectives/classification.ts'
import { estimate } from '../predict/classify.ts'
import { textsOf, variedText } from './classify.ts'
import { fieldOptions, labeledTextParser, labeledTextSet } from './labeled-texts.ts'
import { recordTask } from './records.ts'
import { asReader, readerOf } from './trained-model.ts'

/** Regression: a number for each text, or pair of texts; reward models are of this kind. */
export const regress = recordTask({
  kinds: ['encoder', 'decoder'],
  architecture: 'bert',
  data: '{"text": "...", "label": 0.5}, with "pair" for a second text',
  options: fieldOptions,
  learning: {},
  read: (corpus, _, fields) => parsedRecords(corpus, labeledTextParser(fields)),
  texts: textsOf,
  varied: variedText,
  head: () => ({ task: 'regress', labels: [] }),
  examples: (records, { tokenizer }, { length }) =>
    labeledTextSet(records, undefined, { tokenizer, length }),
  objective:
    (model, { length }) =>
    (sizes) =>
      classificationObjective(readerOf(model), { ...sizes, length }),
  measures: ['numbers'],
  score: (trained, records) =>
    asReader(trained, async (model, options) => {
      const estimates = await estimate(model, records, options)
      return records.map((record, i) => {
        const [value, actual] = [estimates[i] as number, Number(record.label)]
        return {
          id: String(i + 1),
          input: textsOf(record).join(' | '),
          expected: String(actual),
          predicted: value.toPrecision(5),
          scores: { estimate: value, actual },
        }
      })
    }),
})
