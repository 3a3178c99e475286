import { UserError } from '../../../errors.ts'
import { mergesOf, OUTER_BLANKS } from '../../../text/convert/sentencepiece.ts'
import type { SentencePieceModel } from '../../../text/convert/sentencepiece-model.ts'
import { readSentencePieceFields } from '../../../text/pipeline/model.ts'
import { readSteps, type Step } from '../../../text/pipeline/steps.ts'
import {
  isObject,
  readBpeModel,
  readMerge,
  type TokenizerJson,
} from '../../../text/tokenizer-json.ts'
import type { GgufToken } from './tokens.ts'

const MARK = '▁'
const BYTE = /^<0x[0-9A-F]{2}>$/

export type Spacing = Pick<
  SentencePieceModel,
  'charsmap' | 'addDummyPrefix' | 'removeExtraWhitespaces'
>

/**
 * How a tokenizer.json normalizes text and marks blanks, in SentencePiece's words. Throws UserError
 * for a step that SentencePiece does not have.
 */
export function spacingOf({ normalizer, pre_tokenizer }: TokenizerJson): Spacing {
  const spacing = { charsmap: '', addDummyPrefix: false, removeExtraWhitespaces: false }
  const unknown = ({ type, where }: Step) =>
    new UserError(`GGUF: ${where} (${type}) is none of SentencePiece's; llama.cpp does not have it`)
  for (const step of readSteps(normalizer, 'normalizer', 'normalizers')) {
    const { type, fields } = step
    const regex = isObject(fields.pattern) ? fields.pattern.Regex : undefined
    const string = isObject(fields.pattern) ? fields.pattern.String : undefined
    if (type === 'Precompiled') spacing.charsmap = String(fields.precompiled_charsmap ?? '')
    else if (type === 'Prepend' && fields.prepend === MARK) spacing.addDummyPrefix = true
    else if (type === 'Replace' && string === ' ' && fields.content === MARK) continue
    else if (type === 'Replace' && (regex === OUTER_BLANKS || /^[\^$ +{},2|]+$/.test(`${regex}`)))
      spacing.removeExtraWhitespaces = true
    else if (type === 'Strip') spacing.removeExtraWhitespaces = true
    else throw unknown(step)
  }
  for (const step of readSteps(pre_tokenizer, 'pre_tokenizer', 'pretokenizers')) {
    const { type, fields } = step
    if (type === 'Metaspace') {
      const scheme =
        fields.prepend_scheme ?? (fields.add_prefix_space === false ? 'never' : 'always')
      spacing.addDummyPrefix = scheme !== 'never'
    } else if (type === 'WhitespaceSplit') spacing.removeExtraWhitespaces = true
    // At blanks it cuts nothing, since they are marks by then; at marks, no piece.
    else if (
      !(type === 'Split' && isObject(fields.pattern) && /^[ ▁]$/.test(`${fields.pattern.String}`))
    )
      throw unknown(step)
  }
  return spacing
}

/** The tokens of a Unigram model (Kudo 2018), by id. */
export function unigramTokens({ model }: TokenizerJson): GgufToken[] {
  if (model.byte_fallback === true)
    throw new UserError(
      'GGUF: model.byte_fallback of a Unigram tokenizer is something that llama.cpp does not have',
    )
  const vocab = model.vocab as [string, number][]
  return vocab.map(([text, score], id) => ({
    text,
    score,
    kind: id === model.unk_id ? 'unknown' : 'normal',
  }))
}

/**
 * The tokens of a BPE over characters, by id, with scores that make llama.cpp merge in the order of
 * its merges. Throws UserError where no scores do.
 */
export function bpeTokens({ model, added_tokens }: TokenizerJson): (GgufToken | undefined)[] {
  if (model.byte_fallback !== true)
    throw new UserError(
      'GGUF: the tokenizer has no bytes for characters that it does not know ' +
        '(model.byte_fallback), which llama.cpp needs; export as huggingface',
    )
  const { vocab, merges } = readBpeModel(model)
  const pairs = merges.map(readMerge)
  const ranks = new Map<string, number>()
  for (const [left, right] of pairs)
    if (!ranks.has(left + right)) ranks.set(left + right, ranks.size)
  const scores = readSentencePieceFields(model)?.scores
  const tokens: (GgufToken | undefined)[] = []
  for (const [text, id] of Object.entries(vocab)) {
    const kind = BYTE.test(text) ? 'byte' : text === model.unk_token ? 'unknown' : 'normal'
    // Below all that are merged come those that are characters.
    const score = scores ? (scores[id] ?? 0) : -(ranks.get(text) ?? ranks.size)
    tokens[id] = { text, kind, score: kind === 'normal' ? score : 0 }
  }
  const added = new Set(added_tokens.map(({ content }) => content))
  checkOrder(
    pairs,
    ranks,
    tokens.flatMap((token) => (token?.kind === 'normal' && !added.has(token.text) ? [token] : [])),
  )
  return tokens
}

/** llama.cpp merges whatever gives a token, by the score of that alone. */
function checkOrder(
  pairs: readonly (readonly [string, string])[],
  ranks: ReadonlyMap<string, number>,
  tokens: readonly GgufToken[],
): void {
  let last = 0
  for (const [left, right] of pairs) {
    const rank = ranks.get(left + right) as number
    if (rank < last) throw disorder(left + right)
    last = rank
  }
  const known = new Set(pairs.map((pair) => pair.join('\0')))
  const all = mergesOf(tokens.map(({ text, score = 0 }) => ({ text, score })))
  const missing = all.find((pair) => !known.has(pair.join('\0')))
  if (missing) throw disorder(missing.join(''))
}

const disorder = (token: string): UserError =>
  new UserError(
    `GGUF: the merges that give ${JSON.stringify(token)} are not those of SentencePiece, the ` +
      'only ones that llama.cpp has for such a tokenizer',
  )
