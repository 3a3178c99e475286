import { UserError } from '../../../errors.ts'
import { CharTokenizer } from '../../../text/char.ts'
import type { Tokenizer } from '../../../text/tokenizer.ts'
import {
  readBpeModel,
  readTokenizerJson,
  type TokenizerJson,
} from '../../../text/tokenizer-json.ts'
import { flag, float32s, type GgufValue, int32s, text, texts, uint8s } from '../values.ts'
import { writeByteLevel } from './byte-level.ts'
import { writeCharacters } from './characters.ts'
import { bpeTokens, type Spacing, spacingOf, unigramTokens } from './sentencepiece.ts'
import { type GgufToken, KINDS, padding, writeRoles } from './tokens.ts'
import { toMarked, wordPieceTokens } from './word-piece.ts'

export interface GgufTokenizerOptions {
  /** Rows of the model's embedding: as many tokens are listed. */
  rows: number
  /** Texts begin with BOS even if the tokenizer itself does not say so. */
  addBos: boolean
  /** Jinja template of conversations. */
  chatTemplate: string | undefined
}

interface Listed {
  /** By id; holes are filled. */
  tokens: (GgufToken | undefined)[]
  fields: readonly (readonly [string, GgufValue])[]
  /** What a token that is no special one looks like in the file. */
  spelled?: (token: GgufToken) => GgufToken
}

/** The metadata of a tokenizer. Throws UserError that names what llama.cpp does not have. */
export function writeGgufTokenizer(
  tokenizer: Tokenizer,
  { rows, addBos, chatTemplate }: GgufTokenizerOptions,
): Map<string, GgufValue> {
  const json = readTokenizerJson(tokenizer.toJSON())
  const { tokens: own, fields, spelled = (token) => token } = listed(json)
  const tokens: (GgufToken | undefined)[] = [...own]
  for (const { id, content, special } of json.added_tokens) {
    const isUnknown = own[id]?.kind === 'unknown'
    const kind = isUnknown ? 'unknown' : special ? 'control' : 'user'
    tokens[id] = { text: content, kind, score: own[id]?.score ?? 0 }
  }
  const all = Array.from({ length: rows }, (_, id) => spelled(tokens[id] ?? padding(id)))
  checkDistinct(all)
  const hasScores = own.some((token) => token?.score !== undefined)
  return new Map<string, GgufValue>([
    ...fields,
    ['tokenizer.ggml.tokens', texts(all.map((token) => token.text))],
    ['tokenizer.ggml.token_type', int32s(all.map(({ kind }) => KINDS[kind]))],
    ...(hasScores
      ? ([['tokenizer.ggml.scores', float32s(all.map(({ score = 0 }) => score))]] as const)
      : []),
    ...writeRoles(tokenizer, addBos),
    ...(chatTemplate === undefined
      ? []
      : ([['tokenizer.chat_template', text(chatTemplate)]] as const)),
  ])
}

function listed(json: TokenizerJson): Listed {
  const { model, decoder } = json
  const type = model.type ?? (Array.isArray(model.vocab) ? 'Unigram' : 'BPE')
  if (type === 'WordPiece') {
    const { tokens, fields } = wordPieceTokens(json)
    return { tokens, fields: [...named('bert'), ...fields], spelled: toMarked }
  }
  if (type === 'Unigram') {
    return { tokens: unigramTokens(json), fields: [...named('t5'), ...spaces(spacingOf(json))] }
  }
  if (type !== 'BPE')
    throw new UserError(`GGUF: a tokenizer of the type ${type} is none that llama.cpp has`)
  if ((decoder as { type?: unknown } | null)?.type === 'ByteLevel') {
    const { pre, merges } = writeByteLevel(json)
    const tokens: GgufToken[] = []
    for (const [text, id] of Object.entries(readBpeModel(model).vocab))
      tokens[id] = { text, kind: 'normal' }
    return { tokens, fields: [...named('gpt2', pre), ['tokenizer.ggml.merges', texts(merges)]] }
  }
  if (CharTokenizer.reads(json)) {
    const { tokens, merges } = writeCharacters(json)
    const fields = [...named('gpt2', 'gpt-2'), ['tokenizer.ggml.merges', texts(merges)] as const]
    return { tokens, fields }
  }
  const spacing = spacingOf(json)
  if (spacing.charsmap !== '')
    throw new UserError('GGUF: llama.cpp has text replacements (Precompiled) only for Unigram')
  return { tokens: bpeTokens(json), fields: [...named('llama'), ...spaces(spacing)] }
}

const named = (model: string, pre = 'default'): [string, GgufValue][] => [
  ['tokenizer.ggml.model', text(model)],
  ['tokenizer.ggml.pre', text(pre)],
]

function spaces({ charsmap, addDummyPrefix, removeExtraWhitespaces }: Spacing) {
  const fields: [string, GgufValue][] = [
    ['tokenizer.ggml.add_space_prefix', flag(addDummyPrefix)],
    ['tokenizer.ggml.remove_extra_whitespaces', flag(removeExtraWhitespaces)],
  ]
  if (charsmap !== '')
    fields.push(['tokenizer.ggml.precompiled_charsmap', uint8s(Buffer.from(charsmap, 'base64'))])
  return fields
}

/** llama.cpp cannot open a file that lists a token twice. */
function checkDistinct(tokens: readonly GgufToken[]): void {
  const seen = new Set<string>()
  for (const { text } of tokens) {
    if (text === '' || seen.has(text))
      throw new UserError(
        `GGUF: the tokenizer has ${JSON.stringify(text)} twice, or as an empty token, which ` +
          'llama.cpp does not open',
      )
    seen.add(text)
  }
}
