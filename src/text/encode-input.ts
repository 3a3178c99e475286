import { UserError } from '../errors.ts'
import type { InputTemplate } from './input-template.ts'
import type { Tokenizer } from './tokenizer.ts'

export interface EncodedInput {
  readonly ids: number[]
  /** Token types (BERT's segments): which of two texts an id belongs to. */
  readonly typeIds: number[]
}

export interface EncodedWords extends EncodedInput {
  /** For each id the index of the word that it comes from, -1 for special tokens. */
  readonly words: number[]
}

export interface EncodeInputOptions {
  /** A second text, for instance the context of a question. */
  readonly pair?: string
  /** Most ids, special tokens included; texts are cut at their ends, the longer of two first. */
  readonly maxLength?: number
  /** Whether special tokens written in the texts become their ids (a mask to be filled). */
  readonly specials?: boolean
}

/**
 * A text, or a pair of texts, with the special tokens that the model expects around them. Throws
 * UserError where `maxLength` leaves no room for the special tokens.
 */
export function encodeInput(
  tokenizer: Tokenizer,
  text: string,
  { pair, maxLength, specials = false }: EncodeInputOptions = {},
): EncodedInput {
  const texts = pair === undefined ? [text] : [text, pair]
  const ids = texts.map((one) => tokenizer.encode(one, { specials }))
  const { ids: all, typeIds } = arrange(tokenizer, ids, maxLength)
  return { ids: all, typeIds }
}

/**
 * A text that is cut into words already, for models that label words. Every word is encoded as
 * inside a text; one that gives no ids (a control character) has none.
 */
export function encodeWords(
  tokenizer: Tokenizer,
  words: readonly string[],
  { maxLength }: { maxLength?: number } = {},
): EncodedWords {
  const ids: number[] = []
  const sources: number[] = []
  for (const [i, word] of words.entries()) {
    for (const id of tokenizer.encodeWord?.(word) ?? tokenizer.encode(word)) {
      ids.push(id)
      sources.push(i)
    }
  }
  const { offsets, ...encoded } = arrange(tokenizer, [ids], maxLength)
  return {
    ...encoded,
    words: offsets.map((offset) => (offset < 0 ? -1 : (sources[offset] as number))),
  }
}

const plain: InputTemplate = {
  single: [{ text: 0, type: 0 }],
  pair: [
    { text: 0, type: 0 },
    { text: 1, type: 1 },
  ],
}

/** Puts texts into the template; `offsets` are their indices in the text, -1 for special tokens. */
function arrange(
  { inputTemplate = plain }: Tokenizer,
  texts: readonly (readonly number[])[],
  maxLength = Infinity,
): { ids: number[]; typeIds: number[]; offsets: number[] } {
  const template = texts.length === 1 ? inputTemplate.single : inputTemplate.pair
  const specials = template.reduce((sum, { ids }) => sum + (ids?.length ?? 0), 0)
  if (!(maxLength >= specials)) {
    throw new UserError(
      `maxLength is ${maxLength}, but the special tokens of this model alone are ${specials}; ` +
        'give more',
    )
  }
  const lengths = truncated(
    texts.map(({ length }) => length),
    maxLength - specials,
  )
  const [ids, typeIds, offsets]: [number[], number[], number[]] = [[], [], []]
  for (const { text, ids: special, type } of template) {
    const part = special ?? (texts[text] ?? []).slice(0, lengths[text])
    for (const [i, id] of part.entries()) {
      ids.push(id)
      typeIds.push(type)
      offsets.push(special ? -1 : i)
    }
  }
  return { ids, typeIds, offsets }
}

/**
 * How much is kept of one or two texts so that `room` is enough: the longer one is cut to the
 * length of the other, then both to halves (`longest_first`; an odd token is left to the longer
 * one, or to the second).
 */
function truncated(lengths: readonly number[], room: number): number[] {
  const [a = 0, b] = lengths
  if (b === undefined) return [Math.min(a, room)]
  if (a + b <= room) return [a, b]
  const shorter = Math.min(a, b, Math.floor(room / 2))
  return a > b ? [room - shorter, shorter] : [shorter, room - shorter]
}
