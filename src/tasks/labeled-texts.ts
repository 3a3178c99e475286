import { z } from 'zod'
import type { Examples } from '../data/batch.ts'
import { cutNotice, type ExampleSet, longestOf, textArrays } from '../data/example-set.ts'
import { encodeRecord, parseRecord } from '../data/parse-record.ts'
import { textFields } from '../data/text-fields.ts'
import { UserError } from '../errors.ts'
import { resumedAs } from '../options.ts'
import { type EncodedInput, encodeInput } from '../text/encode-input.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { Values } from './task.ts'

/** The fields of records, or columns of a table, that labeled texts are read from. */
export const fieldOptions = resumedAs('derived', {
  textField: z.string().min(1).default('text'),
  /** Where it is named, each record must have it; default: `pair`, if there is one. */
  pairField: z.string().min(1).optional(),
  labelField: z.string().min(1).default('label'),
})

/** A text, or two of them, and what is to be said of it: a label, or a number. */
export interface LabeledText {
  readonly text: string
  readonly pair?: string
  readonly label: string | number
  readonly where: string
}

/** Blanks around it are none of it: in tables they often stand behind a separator. */
const label = z.union([z.string().trim().min(1), z.number(), z.boolean().transform(String)])

/** Reads records with these fields. Throws UserError where two of the names are the same. */
export function labeledTextParser(fields: Partial<Values<typeof fieldOptions>> = {}) {
  const { textField = 'text', pairField = 'pair', labelField = 'label' } = fields
  const { shape, read } = textFields(fields, [labelField])
  const schema = z.object({ ...shape, [labelField]: label })
  const expected =
    `{"${textField}": "...", "${labelField}": "..."}, with a second text as "${pairField}" ` +
    'where the model compares two; --text-field, --pair-field and --label-field name other fields'
  return (value: unknown, where: string): LabeledText => {
    const record = parseRecord(schema, value, { where, expected })
    return { ...read(record), label: record[labelField] as LabeledText['label'], where }
  }
}

/** The labels of texts, see `distinctNames`. Throws UserError where there are fewer than two. */
export const labelsOf = (texts: readonly LabeledText[]): string[] =>
  distinctNames(
    texts.map(({ label }) => String(label)),
    'label',
  )

/**
 * Each of `names` once: sorted as numbers where all of them are numbers, so that the labels 0 to 11
 * have the ids 0 to 11; else as text. Throws UserError where there are fewer than two.
 */
export function distinctNames(names: readonly string[], what: 'label' | 'tag'): string[] {
  const all = [...new Set(names)].sort()
  if (all.every(isNumber)) all.sort((a, b) => Number(a) - Number(b))
  if (all.length >= 2) return all
  const found = all.length === 1 ? `one ${what} only, "${all[0]}"` : `no ${what}s`
  throw new UserError(`the data has ${found}; give two or more`)
}

const isNumber = (name: string): boolean => name.trim() !== '' && Number.isFinite(Number(name))

export interface TextOptions {
  tokenizer: Tokenizer
  /** Tokens of a text, those that the model expects around it among them. */
  length: number
}

/** Texts with the numbers of their labels, or, without `labels`, with numbers to estimate. */
export function labeledTextSet(
  texts: readonly LabeledText[],
  labels: readonly string[] | undefined,
  options: TextOptions,
): ExampleSet {
  const encoded = encodeTexts(texts, options)
  const targets = texts.map((text) => (labels ? numberOf(text, labels) : estimateOf(text)))
  return {
    count: texts.length,
    longest: encoded.longest,
    notices: encoded.notices,
    collate: (indices) => {
      const wanted = indices.map((i) => targets[i] as number)
      const answers: Examples['arrays'] = labels
        ? { targets: Int32Array.from(wanted) }
        : { targets: Float32Array.from(wanted), counted: new Float32Array(wanted.length).fill(1) }
      const { length } = options
      const arrays = { ...encoded.arrays(indices), ...answers }
      return { rows: indices.length, length, arrays, count: indices.length }
    },
  }
}

/** What a model reads of texts: `ids`, `mask` and `types`. */
export function encodeTexts(
  texts: readonly { readonly text: string; readonly pair?: string; readonly where?: string }[],
  { tokenizer, length }: TextOptions,
) {
  let cut = 0
  const encoded = texts.map(({ text, pair, where }) =>
    encodeRecord(where, () => {
      const whole = encodeInput(tokenizer, text, { pair })
      if (whole.ids.length <= length) return whole
      cut++
      return encodeInput(tokenizer, text, { pair, maxLength: length })
    }),
  )
  return {
    longest: longestOf(
      encoded.map(({ ids }) => ids),
      length,
    ),
    notices: cutNotice(cut, texts.length, length),
    arrays: (indices: readonly number[]) => {
      const chosen = indices.map((i) => encoded[i] as EncodedInput)
      return textArrays(chosen, { length, padId: tokenizer.padId })
    },
  }
}

function numberOf({ label, where }: LabeledText, labels: readonly string[]): number {
  const number = labels.indexOf(String(label))
  if (number >= 0) return number
  throw new UserError(
    `${where}: the label "${label}" is not one of the model's: ${labels.join(', ')}`,
  )
}

function estimateOf({ label, where }: LabeledText): number {
  // In tables, numbers are text.
  const number = typeof label === 'string' && label.trim() !== '' ? Number(label) : label
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new UserError(`${where}: the label is "${label}"; expected a number`)
}
