import { z } from 'zod'
import type { ExampleSet } from '../data/example-set.ts'
import { encodeRecord, recordParser } from '../data/parse-record.ts'
import { longestSequence, type Sequence, sequenceRows } from '../data/sequences.ts'
import { parsedRecords } from '../data/sources/faults.ts'
import { UserError } from '../errors.ts'
import { encodePrompt } from '../generate/prompt.ts'
import { nextToken } from '../objectives/language-model.ts'
import { type Expected, writeItems } from '../predict/completions.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { recordTask } from './records.ts'
import { type Subject, smoothing } from './task.ts'
import { asWriter } from './trained-model.ts'

/** Completion of prompts by a decoder, which does not learn the prompts themselves. */
export const completion = recordTask({
  kinds: ['decoder'],
  architecture: 'gpt2',
  data: '{"prompt": "...", "completion": "..."}',
  options: {},
  learning: smoothing,
  read: (corpus) => parsedRecords(corpus, parseCompletion),
  texts: ({ prompt, completion }) => [prompt, completion],
  varied: (record, { text }) => ({ ...record, prompt: text(record.prompt) }),
  examples: (records, { tokenizer, addBos = false }, { length }) => {
    const reading = {
      tokenizer,
      encodePrompt: (prompt: string) => encodePrompt({ tokenizer, addBos }, prompt),
    }
    const all = records.map((record) => encodeCompletion(record, reading))
    return completionSet(all, { tokenizer, length })
  },
  objective: (model, { length, labelSmoothing, evaluation }) =>
    nextToken(model, length, { labelSmoothing, evaluation }),
  expected: expectedOf,
  measures: ['perplexity', 'answers'],
  score: (trained, records) =>
    asWriter(trained, (model) => writeItems(model, expectedOf(records, trained), trained)),
  isText: true,
  fitted: true,
})

/** Prompts and expected completions of records. */
function expectedOf(
  records: readonly Completion[],
  { tokenizer, addBos = false }: Pick<Subject, 'tokenizer' | 'addBos'>,
): Expected[] {
  return records.map(({ prompt: given, completion: text }) => ({
    prompt: { ids: encodePrompt({ tokenizer, addBos }, given) },
    given,
    text,
  }))
}

/** A text to read, and what is to be written after it. */
export const parseCompletion = recordParser(
  z.object({ prompt: z.string(), completion: z.string() }),
  '{"prompt": "...", "completion": "..."}',
)
export type Completion = ReturnType<typeof parseCompletion>

/** How the prompts of a model become tokens: see `encodePrompt`. */
export interface CompletionReading {
  tokenizer: Tokenizer
  encodePrompt(prompt: string): number[]
}

/**
 * The tokens of prompt and completion with the end token behind them; the prompt's are those that
 * the model is given when it writes. Throws UserError where the tokenizer has no end token.
 */
export function encodeCompletion(
  { prompt, completion, where }: Completion,
  { tokenizer, encodePrompt }: CompletionReading,
): Sequence {
  const { eosId } = tokenizer
  if (eosId === undefined)
    throw new UserError(
      'the tokenizer has no token for the end of a text, which a completion ends with; choose ' +
        'another tokenizer or model',
    )
  return encodeRecord(where, () => {
    const read = encodePrompt(prompt)
    const written =
      tokensAfter(read, encodePrompt(prompt + completion)) ??
      (prompt === '' ? undefined : insideText(tokenizer, completion)) ??
      tokenizer.encode(completion)
    return { ids: [...read, ...written, eosId], learnedFrom: read.length }
  })
}

/** What follows the tokens of a text in a longer one's; undefined where those begin otherwise. */
const tokensAfter = (first: readonly number[], both: readonly number[]): number[] | undefined =>
  first.every((id, i) => both[i] === id) ? both.slice(first.length) : undefined

/** Tokens of a text inside another: vocabularies like SentencePiece's begin with a blank. */
const insideText = (tokenizer: Tokenizer, text: string): number[] | undefined =>
  tokensAfter(tokenizer.encode('\n'), tokenizer.encode(`\n${text}`))

/** Encoded completions; those whose prompts leave no room within `length` tokens are left out. */
export function completionSet(
  all: readonly Sequence[],
  { tokenizer, length }: { tokenizer: Tokenizer; length: number },
): ExampleSet {
  const fits = ({ learnedFrom }: Sequence) => learnedFrom <= length
  const kept = all.filter(fits)
  const cut = kept.filter(({ ids }) => ids.length - 1 > length).length
  const changes = [
    cut > 0 ? `${cut} completions reach beyond ${length} tokens, and lose their ends` : [],
    kept.length < all.length
      ? `${all.length - kept.length} are left out, since their prompts fill ${length} tokens`
      : [],
  ].flat()
  return {
    count: kept.length,
    kept: all.flatMap((one, i) => (fits(one) ? [i] : [])),
    longest: Math.min(length, longestSequence(all)),
    notices: changes.length > 0 ? [`of ${all.length} records, ${changes.join('; ')}`] : [],
    collate: (indices) =>
      sequenceRows(
        indices.map((i) => kept[i] as Sequence),
        { length, padId: tokenizer.padId },
      ),
  }
}
