import { UserError } from '../../../errors.ts'
import { own } from '../../../own.ts'
import { sentencePieceJson } from '../../../text/convert/sentencepiece.ts'
import { templateProcessing } from '../../../text/input-template.ts'
import {
  addedToken,
  type TokenizerConfig,
  type TokenizerJson,
} from '../../../text/tokenizer-json.ts'
import type { GgufMetadata } from '../metadata.ts'
import { preNamed, readByteLevel } from './byte-level.ts'
import { readCharacters } from './characters.ts'
import { type GgufToken, kindOf, type Roles, readRoles, withoutPadding } from './tokens.ts'
import { readWordPiece } from './word-piece.ts'

/** The tokenizer of a GGUF file, in Hugging Face's formats. */
export interface GgufTokenizer {
  json: TokenizerJson
  config: TokenizerConfig
}

const MODEL = 'tokenizer.ggml.model'

/** Throws UserError with the key at fault, or for a kind of tokenizer that is not known here. */
export function readGgufTokenizer(metadata: GgufMetadata): GgufTokenizer {
  const model = metadata.string(MODEL)
  const read = own(readers, model)
  if (!read)
    throw new UserError(
      `metadata "${MODEL}" is ${JSON.stringify(model)}; supported are ` +
        `${Object.keys(readers).join(', ')}`,
    )
  return read(metadata, withoutPadding(readTokens(metadata)))
}

/** The Jinja template of conversations, if the file has one. */
export function readChatTemplate(metadata: GgufMetadata): string | undefined {
  const key = 'tokenizer.chat_template'
  return metadata.has(key) ? metadata.string(key) : undefined
}

type Read = (metadata: GgufMetadata, tokens: readonly GgufToken[]) => GgufTokenizer

/** By the names that llama.cpp has for the kinds. */
const readers: Readonly<Record<string, Read>> = {
  gpt2: (metadata, tokens) => {
    const pre = preNamed(metadata.string('tokenizer.ggml.pre', 'default'))
    const roles = readRoles(metadata, tokens, { bos: pre.bos === true, eos: false })
    const json =
      readCharacters(tokens) ??
      readByteLevel(tokens, metadata.strings('tokenizer.ggml.merges'), pre)
    return finished(json, roles, tokens)
  },
  llama: (metadata, tokens) => {
    const roles = readRoles(metadata, tokens, { bos: true, eos: false })
    return finished(sentencePiece('bpe', metadata, tokens, roles), roles, tokens)
  },
  t5: (metadata, tokens) => {
    const roles = readRoles(metadata, tokens, { bos: false, eos: true })
    return finished(sentencePiece('unigram', metadata, tokens, roles), roles, tokens)
  },
  bert: (metadata, tokens) => {
    const roles = readRoles(metadata, tokens, { bos: true, eos: false })
    // BERT's own names say which tokens stand before and after a text.
    const { bos_token: cls_token, ...config } = roles.config as Record<string, string>
    const all = { cls_token, ...config }
    return { json: readWordPiece(tokens, metadata, all), config: all }
  },
}

/** With what stands around a text, and every token that has a role among the special ones. */
function finished(
  json: TokenizerJson,
  { config, ids, before, after }: Roles,
  tokens: readonly GgufToken[],
): Pick<GgufTokenizer, 'json' | 'config'> {
  const added = new Map(json.added_tokens.map((token) => [token.id, token]))
  for (const id of ids) added.set(id, addedToken(id, tokens[id]?.text ?? '', { special: true }))
  const idOf = Object.fromEntries([...added.values()].map(({ content, id }) => [content, id]))
  return {
    config,
    json: {
      ...json,
      added_tokens: [...added.values()].sort((a, b) => a.id - b.id),
      post_processor: around(before, after, config, idOf),
    },
  }
}

function around(
  before: string | undefined,
  after: string | undefined,
  { cls_token, sep_token }: TokenizerConfig,
  ids: Readonly<Record<string, number>>,
): object | null {
  if (before === undefined && after === undefined) return null
  if (before === cls_token && after === sep_token && before !== undefined)
    return templateProcessing(`${before} $A ${after}`, `${before} $A ${after} $B:1 ${after}:1`, ids)
  const one = [before, '$A', after].filter(Boolean).join(' ')
  const other = [before && `${before}:1`, '$B:1', after && `${after}:1`].filter(Boolean).join(' ')
  return templateProcessing(one, `${one} ${other}`, ids)
}

function sentencePiece(
  type: 'bpe' | 'unigram',
  metadata: GgufMetadata,
  tokens: readonly GgufToken[],
  { config }: Roles,
): TokenizerJson {
  const scores = metadata.numbers('tokenizer.ggml.scores')
  const unknown = metadata.number('tokenizer.ggml.unknown_token_id', type === 'bpe' ? 0 : 2)
  const pieces = tokens.map(({ text, kind }, id) => {
    const score = scores[id] ?? 0
    if (!Number.isFinite(score))
      throw new UserError(`metadata "tokenizer.ggml.scores": that of token ${id} is ${score}`)
    return { text, score, kind: id === unknown ? ('unknown' as const) : kind }
  })
  const charsmap = 'tokenizer.ggml.precompiled_charsmap'
  return sentencePieceJson(
    {
      type,
      pieces,
      byteFallback: pieces.filter(({ kind }) => kind === 'byte').length === 256,
      charsmap: metadata.has(charsmap)
        ? Buffer.from(Array.from(metadata.numbers(charsmap))).toString('base64')
        : '',
      addDummyPrefix: metadata.boolean('tokenizer.ggml.add_space_prefix', true),
      removeExtraWhitespaces: metadata.boolean('tokenizer.ggml.remove_extra_whitespaces', false),
    },
    { ...config, add_bos_token: false },
  )
}

/** Every way to cut a token in two is looked at: longer ones would take for ever, and mean harm. */
const LONGEST = 1024

function readTokens(metadata: GgufMetadata): GgufToken[] {
  const tokens = metadata.strings('tokenizer.ggml.tokens')
  const types = metadata.numbers('tokenizer.ggml.token_type', [])
  if (types.length > 0 && types.length !== tokens.length)
    throw new UserError(
      `metadata "tokenizer.ggml.token_type" has ${types.length} entries for ${tokens.length} ` +
        'tokens',
    )
  if (tokens.length === 0 || new Set(tokens).size < tokens.length)
    throw new UserError('metadata "tokenizer.ggml.tokens" is empty, or has a token twice')
  const long = tokens.findIndex((text) => text.length > LONGEST)
  if (long >= 0)
    throw new UserError(
      `metadata "tokenizer.ggml.tokens": token ${long} has ${tokens[long]?.length} characters; ` +
        `no model has one of more than ${LONGEST}`,
    )
  return tokens.map((text, id) => ({ text, kind: kindOf(types[id] ?? 1) ?? 'normal' }))
}
