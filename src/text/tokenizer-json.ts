import { UserError } from '../errors.ts'

/** The parts of Hugging Face's `tokenizer.json` that we read; `unknown` ones are only kept. */
export interface TokenizerJson {
  added_tokens: AddedToken[]
  normalizer: unknown
  pre_tokenizer: unknown
  post_processor: unknown
  decoder: unknown
  model: TokenizerModel
  [field: string]: unknown
}

export interface AddedToken {
  id: number
  content: string
  single_word: boolean
  lstrip: boolean
  rstrip: boolean
  normalized: boolean
  /** Special tokens are left out of decoded text, and text never makes them. */
  special: boolean
}

export interface TokenizerModel {
  type: string | undefined
  [field: string]: unknown
}

/** A BPE model's own fields. */
export interface BpeModel extends TokenizerModel {
  vocab: Record<string, number>
  /** See `readMerge`. */
  merges: unknown[]
}

/** What we read of `tokenizer_config.json`: names are strings, or objects with a `content`. */
export interface TokenizerConfig {
  bos_token?: unknown
  eos_token?: unknown
  chat_template?: unknown
  [field: string]: unknown
}

type Fields = Record<string, unknown>
export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Checks the frame of a parsed `tokenizer.json`. Throws a UserError with the faulty field. */
export function readTokenizerJson(json: unknown): TokenizerJson {
  if (!isObject(json)) {
    const hint = '; loadTokenizer takes it parsed, and readTokenizer reads files and folders'
    throw new UserError(`tokenizer.json: not a JSON object${typeof json === 'string' ? hint : ''}`)
  }
  const { added_tokens: added = [], model } = json
  if (!isObject(model)) {
    throw new UserError(
      'tokenizer.json: no "model"; is this the tokenizer.json of a Hugging Face model?',
    )
  }
  if (!Array.isArray(added)) throw new UserError('tokenizer.json: added_tokens is not a list')
  return {
    ...json,
    added_tokens: added.map(readAddedToken),
    normalizer: json.normalizer ?? null,
    pre_tokenizer: json.pre_tokenizer ?? null,
    post_processor: json.post_processor ?? null,
    decoder: json.decoder ?? null,
    model: { ...model, type: typeof model.type === 'string' ? model.type : undefined },
  }
}

function readAddedToken(token: unknown, index: number): AddedToken {
  const where = `tokenizer.json: added_tokens[${index}]`
  if (!isObject(token)) throw new UserError(`${where} is not an object`)
  const { id, content } = token
  if (!isId(id)) throw new UserError(`${where}.id is ${JSON.stringify(id)}, not a token id`)
  if (typeof content !== 'string' || content === '') {
    throw new UserError(`${where}.content is ${JSON.stringify(content)}, not a text`)
  }
  return addedToken(id, content, { ...token })
}

/** A tokenizer.json of these parts, in the order in which Hugging Face writes them. */
export const tokenizerJson = (
  parts: Partial<TokenizerJson> & Pick<TokenizerJson, 'model'>,
): TokenizerJson => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  ...parts,
})

/** The `model` of a BPE with these fields; the others have their usual values. */
export const bpeModel = (fields: Pick<BpeModel, 'vocab' | 'merges'> & Fields): BpeModel => ({
  type: 'BPE',
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  ...fields,
})

/** An added token with the flags given; the others are false. */
export const addedToken = (id: number, content: string, flags: Fields): AddedToken => ({
  id,
  content,
  single_word: flags.single_word === true,
  lstrip: flags.lstrip === true,
  rstrip: flags.rstrip === true,
  normalized: flags.normalized === true,
  special: flags.special === true,
})

/** Checks the vocabulary. Throws a UserError that names the faulty entry. */
export function readBpeModel(model: TokenizerModel): BpeModel {
  const { vocab, merges } = model
  if (!isObject(vocab)) throw new UserError('tokenizer.json: model.vocab is not an object')
  if (!Array.isArray(merges)) throw new UserError('tokenizer.json: model.merges is not a list')
  for (const token in vocab) {
    if (!isId(vocab[token])) {
      throw new UserError(
        `tokenizer.json: vocab[${JSON.stringify(token)}] is ${JSON.stringify(vocab[token])}, not ` +
          'a token id',
      )
    }
  }
  return { ...model, vocab: vocab as Record<string, number>, merges }
}

/** A merge: a pair of tokens, or as in older files one string with a blank between them. */
export function readMerge(merge: unknown, index: number): [string, string] {
  const pair = typeof merge === 'string' ? merge.split(' ') : merge
  if (Array.isArray(pair) && pair.length === 2) {
    const [left, right] = pair
    if (typeof left === 'string' && typeof right === 'string' && left && right) return [left, right]
  }
  throw new UserError(`tokenizer.json: merges[${index}] is not a pair of tokens`)
}

/** Ids are row numbers of the embedding; a few millions is more than any vocabulary has. */
const isId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1 << 24
