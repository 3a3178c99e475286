import { UserError } from '../../errors.ts'
import { own } from '../../own.ts'
import { tokenPattern } from '../cut.ts'
import {
  isObject,
  readBpeModel,
  readMerge,
  type TokenizerJson,
  type TokenizerModel,
} from '../tokenizer-json.ts'
import { CharacterBpe } from './character-bpe.ts'
import { byteTokens, type Model, readSentencePieceFields, type Vocabulary } from './model.ts'
import { Unigram } from './unigram.ts'
import { WordPiece, wordLevel } from './word-piece.ts'

/** A tokenizer.json's model, and its tokens by id. */
export interface ReadModel {
  readonly model: Model
  readonly tokens: readonly (string | undefined)[]
}

/**
 * The model of a tokenizer.json; no text makes its special tokens. Throws UserError that names the
 * faulty field, and for a kind of model that is not known here.
 */
export function readModel({ model, added_tokens }: TokenizerJson): ReadModel {
  const specials = new Set(
    added_tokens.filter((token) => token.special).map((token) => token.content),
  )
  const type = model.type ?? (Array.isArray(model.vocab) ? 'Unigram' : 'BPE')
  const read = own(kinds, type)
  if (!read) {
    throw new UserError(
      `tokenizer.json: model.type is ${JSON.stringify(type)}; ` +
        `expected ${Object.keys(kinds).join(', ')}`,
    )
  }
  return read(model, specials)
}

type Read = (model: TokenizerModel, specials: ReadonlySet<string>) => ReadModel

const kinds: Readonly<Record<string, Read>> = {
  WordPiece: (json, specials) => {
    const vocab = vocabularyOf(json)
    const prefix = json.continuing_subword_prefix
    const model = new WordPiece(without(vocab, specials), {
      unkId: unknownId(json, vocab),
      prefix: typeof prefix === 'string' ? prefix : '##',
      longest: Number(json.max_input_chars_per_word ?? 100),
    })
    return { model, tokens: tokensOf(vocab) }
  },
  WordLevel: (json, specials) => {
    const vocab = vocabularyOf(json)
    const model = wordLevel(without(vocab, specials), unknownId(json, vocab))
    return { model, tokens: tokensOf(vocab) }
  },
  Unigram: (json, specials) => {
    const { vocab, unk_id, byte_fallback } = json
    if (!Array.isArray(vocab)) throw new UserError('tokenizer.json: model.vocab is not a list')
    const pieces = vocab.map((entry: unknown, id) => {
      const [text, score] = Array.isArray(entry) ? entry : []
      if (typeof text === 'string' && typeof score === 'number') return { text, score, id }
      throw new UserError(`tokenizer.json: model.vocab[${id}] is not a piece and its score`)
    })
    if (!(Number.isInteger(unk_id) && pieces[unk_id as number])) {
      throw new UserError(`tokenizer.json: model.unk_id is ${unk_id}, which is no token of it`)
    }
    const ids = new Map(pieces.map(({ text, id }) => [text, id]))
    const bytes = byte_fallback === true ? byteTokens((token) => ids.get(token)) : undefined
    const fields = readSentencePieceFields(json)
    const never = new Set([...specials, ...(fields?.unused ?? [])])
    const excluded = new Set([unk_id, ...(bytes ?? [])])
    const model = new Unigram(
      pieces.filter(({ text, id }) => text !== '' && !excluded.has(id) && !never.has(text)),
      {
        unkId: unk_id as number,
        bytes,
        lowest: pieces.reduce((least, { score }) => Math.min(least, score), Infinity),
        symbols: fields && new Set(fields.user_defined_symbols),
      },
    )
    return { model, tokens: pieces.map(({ text }) => text) }
  },
  BPE: (json, specials) => {
    const { vocab, merges } = readBpeModel(json)
    const all: Vocabulary = new Map(Object.entries(vocab))
    const fields = readSentencePieceFields(json)
    const known = without(all, new Set([...specials, ...(fields?.unused ?? [])]))
    const { unk_token, continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = json
    const bytes = json.byte_fallback === true ? byteTokens((token) => all.get(token)) : undefined
    const options = {
      unkId: typeof unk_token === 'string' ? unknownId(json, all) : undefined,
      fusesUnknown: json.fuse_unk === true,
      bytes,
      ignoresMerges: json.ignore_merges === true,
      prefix: typeof prefix === 'string' ? prefix : '',
      suffix: typeof suffix === 'string' ? suffix : '',
    }
    const triples = merges.flatMap((merge, rank): [number, number, number][] => {
      const [left, right] = readMerge(merge, rank)
      const rest = right.startsWith(options.prefix) ? right.slice(options.prefix.length) : right
      const tokens = [left, right, left + rest]
      if (tokens.some((token) => specials.has(token))) return []
      const missing = tokens.find((token) => !all.has(token))
      if (missing === undefined) {
        return [tokens.map((token) => all.get(token) as number) as [number, number, number]]
      }
      throw new UserError(
        `tokenizer.json: merges[${rank}] needs ${JSON.stringify(missing)}, which is not in the ` +
          'vocabulary',
      )
    })
    return {
      model: new CharacterBpe(known, {
        ...options,
        merges: triples,
        levels: fields?.scores && levelsOf(triples, fields.scores),
        symbols:
          fields && tokenPattern(fields.user_defined_symbols.filter((text) => known.has(text))),
      }),
      tokens: tokensOf(all),
    }
  },
}

/** Merges that make tokens of equal scores are equal: the level of all is the first one's rank. */
function levelsOf(
  merges: readonly (readonly [number, number, number])[],
  scores: readonly number[],
): Int32Array {
  const levels = Int32Array.from(merges.keys())
  for (let rank = 1; rank < levels.length; rank++) {
    const [last, made] = [merges[rank - 1]?.[2] as number, merges[rank]?.[2] as number]
    if (scores[made] === scores[last]) levels[rank] = levels[rank - 1] as number
  }
  return levels
}

function vocabularyOf({ vocab }: TokenizerModel): Map<string, number> {
  if (!isObject(vocab)) throw new UserError('tokenizer.json: model.vocab is not an object')
  return new Map(Object.entries(vocab as Record<string, number>))
}

const without = (vocabulary: Vocabulary, specials: ReadonlySet<string>): Vocabulary =>
  new Map([...vocabulary].filter(([token]) => !specials.has(token)))

function tokensOf(vocabulary: Vocabulary): (string | undefined)[] {
  const tokens: (string | undefined)[] = []
  for (const [token, id] of vocabulary) tokens[id] = token
  return tokens
}

function unknownId({ unk_token }: TokenizerModel, vocabulary: Vocabulary): number {
  const id = vocabulary.get(String(unk_token))
  if (id !== undefined) return id
  throw new UserError(
    `tokenizer.json: model.unk_token is ${JSON.stringify(unk_token)}, which is not in the ` +
      'vocabulary',
  )
}
