import { differs, leftOutNotices } from '../data/chat/preference-set.ts'
import { type Preference, readPreferences } from '../data/chat/preferences.ts'
import { type ExampleSet, longestOf, textArrays } from '../data/example-set.ts'
import { encodeRecord } from '../data/parse-record.ts'
import type { Item } from '../metrics/item.ts'
import { REWARD } from '../models/head-config.ts'
import { rewardObjective } from '../objectives/bradley-terry.ts'
import { rewards } from '../predict/rewards.ts'
import { type Dialogue, encodeDialogue, plainDialogue } from '../text/encode-dialogue.ts'
import type { EncodedInput } from '../text/encode-input.ts'
import { variedMessages } from './chat.ts'
import { encodePair } from './encode-pair.ts'
import { recordTask } from './records.ts'
import type { Subject } from './task.ts'
import { asReader, readerOf } from './trained-model.ts'

/** A reward model: a number for a conversation, higher for the answer that people prefer. */
export const reward = recordTask({
  kinds: ['encoder', 'decoder'],
  architecture: 'gpt2',
  data: '{"prompt": "...", "chosen": "...", "rejected": "..."}',
  options: {},
  learning: {},
  read: readPreferences,
  texts: (record) => bothOf(record).map(({ messages }) => plainDialogue(messages)),
  varied: (record, variation) => ({
    ...record,
    prompt: variedMessages(record.prompt, variation),
  }),
  head: () => ({ task: 'regress', labels: [REWARD] }),
  examples: (records, subject, { length }) => pairSet(records, subject, length),
  objective:
    (model, { length }) =>
    (sizes) =>
      rewardObjective(readerOf(model), { ...sizes, length }),
  measures: ['loss', 'preferences'],
  score: (trained, records, { length }) =>
    asReader(trained, async (model, options) => {
      const encoded = records.map((record) => encodeBoth(record, trained))
      const kept = fitting(encoded, length)
      const read = kept.map((i) => records[i] as Preference)
      const given = await rewards(model, read.flatMap(bothOf), options)
      return read.map(({ prompt, chosen, rejected }, i): Item => {
        const [better, worse] = [given[2 * i] as number, given[2 * i + 1] as number]
        const isRight = better > worse
        return {
          id: String((kept[i] as number) + 1),
          input: plainDialogue(prompt),
          expected: plainDialogue(chosen),
          predicted: plainDialogue(isRight ? chosen : rejected),
          scores: {
            correct: Number(isRight),
            margin: better - worse,
            rewardChosen: better,
            rewardRejected: worse,
          },
        }
      })
    }),
  fitted: true,
})

/** The conversations with either answer, the preferred one first. */
const bothOf = ({ prompt, chosen, rejected, tools }: Preference): [Dialogue, Dialogue] => [
  { messages: [...prompt, ...chosen], tools },
  { messages: [...prompt, ...rejected], tools },
]

function encodeBoth(record: Preference, subject: Subject): EncodedInput[] {
  if (subject.chatTemplate) encodePair(subject, record)
  return encodeRecord(record.where, () => bothOf(record).map((one) => encodeDialogue(subject, one)))
}

type EncodedBoth = readonly EncodedInput[]

/** Which are read whole: the end of an answer that is cut off could be what decides. */
const wholeOf = (pairs: readonly EncodedBoth[], length: number): number[] =>
  pairs.flatMap((pair, i) => (pair.every(({ ids }) => ids.length <= length) ? [i] : []))

/** Of these, those whose answers the model reads as different. */
const fitting = (pairs: readonly EncodedBoth[], length: number): number[] =>
  wholeOf(pairs, length).filter((i) => {
    const [chosen, rejected] = pairs[i] as [EncodedInput, EncodedInput]
    return differs({ chosen, rejected })
  })

/** Of each pair the preferred conversation comes first, then the other. */
function pairSet(records: readonly Preference[], subject: Subject, length: number): ExampleSet {
  const all = records.map((record) => encodeBoth(record, subject))
  const kept = fitting(all, length)
  return {
    count: kept.length,
    kept,
    longest: longestOf(
      all.flat().map(({ ids }) => ids),
      length,
    ),
    notices: leftOutNotices({
      all: all.length,
      whole: wholeOf(all, length).length,
      kept: kept.length,
      length,
    }),
    collate: (indices) => {
      const numbers = indices.map((i) => kept[i] as number)
      const texts = numbers.flatMap((number) => all[number] as (typeof all)[number])
      const arrays = {
        ...textArrays(texts, { length, padId: subject.tokenizer.padId }),
        leastMargin: Float32Array.from(numbers, (number) => records[number]?.margin ?? 0),
        targets: new Int32Array(indices.length),
      }
      return { rows: indices.length, length: 2 * length, arrays, count: indices.length }
    },
  }
}
