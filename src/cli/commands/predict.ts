import { type Prediction, predictOptions } from '../../predict/predict.ts'
import { defineCommand } from '../command.ts'
import { findModel } from '../find-model.ts'
import { formatTable } from '../format.ts'
import { modelHelp } from '../help/generation.ts'
import { encodingHelp } from '../help/reading.ts'
import { taskHelp } from '../help/tasks.ts'

const { model, engine, threads } = modelHelp

export const predict = defineCommand({
  name: 'predict',
  summary:
    'Ask a model about texts: their labels, numbers, tags, vectors, what fills their gaps, or ' +
    'what follows them.',
  options: predictOptions,
  help: {
    Model: { model, engine, threads },
    Text: {
      text: 'texts to read',
      data:
        '`SOURCE` text, a line each; or JSON records, or a table (.csv, .tsv), with "text" (and ' +
        '"pair", for pairs of texts), or with "words", "prompt" or "source"; for a reward ' +
        'model, "messages"',
      textField: taskHelp.textField,
      pairField: taskHelp.pairField,
      ...encodingHelp,
      promptName: 'prompt of a model that embeds, which precedes each text (default: its own)',
      top: 'fillings to give for each gap, with a masked language model',
    },
  },
  examples: [
    "chatwright predict --model my-classifier --text 'I like it' '我不喜欢'",
    'chatwright predict --model my-embedder --data texts.txt --json',
    'chatwright predict --model my-classifier --data reviews.csv --text-field review',
    "chatwright predict --model my-bert --text 'Call me [MASK].'",
    "chatwright predict --model my-sums --text '12+34=' '7+8='",
  ],
  run: async (options) => {
    const { predict } = await import('../../predict/predict.ts')
    const model = await findModel(options.model)
    const predictions = await predict({ ...options, model, onMessage: console.error })
    return { result: { predictions }, text: predictions.map(describe).join('\n') }
  },
})

function describe(prediction: Prediction): string {
  const { labels, value, words, vector, gaps, truncated, pair, completion, finishReason } =
    prediction
  const read = pair === undefined ? prediction.text : `${prediction.text} | ${pair}`
  const text = truncated ? `${read} (its end was not read)` : read
  const table = (rows: readonly (readonly [string, number])[]) =>
    formatTable(rows.map(([said, share]) => ['', said, `${(100 * share).toFixed(1)} %`]))
  if (labels) return `${text}\n${table(labels.map((one) => [one.label, one.probability]))}`
  if (completion !== undefined) {
    const cut = finishReason === 'length' ? ' (the context ended it)' : ''
    return `${text}\n  ${completion.replaceAll('\n', '\n  ')}${cut}`
  }
  if (gaps) return `${text}\n${table(gaps.flat().map((one) => [one.text, one.probability]))}`
  if (words)
    return words.map(({ word, tag }) => (tag === undefined ? word : `${word}/${tag}`)).join(' ')
  return `${text}\n  ${(vector ?? [value as number]).map((x) => x.toFixed(4)).join(' ')}`
}
