import { escapeRegExp, spaceEnd, spaceStart } from './cut.ts'
import type { AddedToken } from './tokenizer-json.ts'

/** A part of a text: an added token, or what lies before, between or behind them. */
export type TextPart =
  | { readonly id: number; readonly text?: undefined }
  | {
      readonly id?: undefined
      /** Normalized. */
      readonly text: string
      /** Whether the text begins with it. */
      readonly isStart: boolean
    }

/**
 * Cuts text at added tokens as Hugging Face's tokenizers do: at those that are not `normalized`
 * first; what is left is normalized, and cut at the others. Special tokens count only if asked for.
 */
export class AddedTokens {
  readonly #normalize: (text: string) => string
  readonly #textOnly: readonly [Cut, Cut]
  readonly #all: readonly [Cut, Cut]

  constructor(tokens: readonly AddedToken[], normalize: (text: string) => string = (text) => text) {
    const raw = tokens.filter((token) => !token.normalized)
    const normalized = tokens
      .filter((token) => token.normalized)
      .map((token) => ({ ...token, content: normalize(token.content) }))
    const isText = (token: AddedToken): boolean => !token.special
    this.#normalize = normalize
    this.#textOnly = [cutAt(raw.filter(isText)), cutAt(normalized.filter(isText))]
    this.#all = [cutAt(raw), cutAt(normalized)]
  }

  *split(text: string, specials: boolean): Generator<TextPart> {
    const [cutRaw, cutNormalized] = specials ? this.#all : this.#textOnly
    for (const part of cutRaw(text)) {
      if (part.id !== undefined) yield part
      else {
        for (const inner of cutNormalized(this.#normalize(part.text))) {
          yield inner.id !== undefined || part.isStart ? inner : { ...inner, isStart: false }
        }
      }
    }
  }
}

type Cut = (text: string) => Iterable<TextPart>

function cutAt(tokens: readonly AddedToken[]): Cut {
  const byContent = new Map(tokens.map((token) => [token.content, token]))
  byContent.delete('')
  if (byContent.size === 0) return (text) => (text === '' ? [] : [{ text, isStart: true }])
  const longestFirst = [...byContent.values()].sort((a, b) => b.content.length - a.content.length)
  const pattern = new RegExp(longestFirst.map(sourceOf).join('|'), 'gu')
  return function* (text) {
    let from = 0
    for (const { index, 0: content } of text.matchAll(pattern)) {
      if (index < from) continue
      const { id, lstrip, rstrip } = byContent.get(content) as AddedToken
      const start = lstrip ? spaceStart(text, index, from) : index
      if (start > from) yield { text: text.slice(from, start), isStart: from === 0 }
      yield { id }
      from = index + content.length
      if (rstrip) from = spaceEnd(text, from)
    }
    if (from < text.length) yield { text: text.slice(from), isStart: from === 0 }
  }
}

const WORD = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]`

const sourceOf = ({ content, single_word }: AddedToken): string => {
  const source = escapeRegExp(content)
  return single_word ? `(?<!${WORD})${source}(?!${WORD})` : source
}
