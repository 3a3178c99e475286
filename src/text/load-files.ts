import { UserError } from '../errors.ts'
import { parseJson, textOf } from '../files/parse-json.ts'
import { byteLevelTokenizer } from './convert/byte-level.ts'
import { sentencePieceTokenizer } from './convert/sentencepiece.ts'
import { wordPieceTokenizer } from './convert/word-piece.ts'
import { loadTokenizer } from './load.ts'
import type { Tokenizer } from './tokenizer.ts'
import { isObject, type TokenizerConfig } from './tokenizer-json.ts'

/** The bytes of a file in a model's folder; undefined if there is none of this name. */
export type ReadFile = (name: string) => Promise<Uint8Array | undefined>

export interface LoadedTokenizer {
  readonly tokenizer: Tokenizer
  /** What tokenizer_config.json says, or in its absence special_tokens_map.json. */
  readonly config: TokenizerConfig
  readonly chatTemplate: string | undefined
}

const SENTENCEPIECE = ['spiece.model', 'tokenizer.model', 'sentencepiece.bpe.model', 'spm.model']

/**
 * The tokenizer of a model's folder: of its tokenizer.json, else of vocab.json and merges.txt, of
 * vocab.txt, or of a SentencePiece model. Throws UserError if there is none of them, or for what is
 * wrong in one.
 */
export async function loadTokenizerFiles(read: ReadFile): Promise<LoadedTokenizer> {
  const config = await readTokenizerConfig(read)
  const json = await readJson(read, 'tokenizer.json')
  const file = json ?? (await convert(read, config))
  const chatTemplate = await readTemplate(read, config)
  return { tokenizer: loadTokenizer(file, config), config, chatTemplate }
}

/**
 * The chat template of a model's folder: newer ones have it in a file of its own, older ones in
 * tokenizer_config.json; of several, the one that is named `default`.
 */
export async function readTemplate(
  read: ReadFile,
  { chat_template: template }: TokenizerConfig,
): Promise<string | undefined> {
  const own = await readText(read, 'chat_template.jinja')
  if (own !== undefined) return own
  if (!Array.isArray(template)) return typeof template === 'string' ? template : undefined
  return template.find((one) => one?.name === 'default')?.template
}

/** What the files beside a tokenizer say of it; nothing where there are none. */
export async function readTokenizerConfig(read: ReadFile): Promise<TokenizerConfig> {
  const [names, settings, added] = await Promise.all(
    ['special_tokens_map.json', 'tokenizer_config.json', 'added_tokens.json'].map((name) =>
      readJson(read, name),
    ),
  )
  const config = { ...(isObject(names) ? names : {}), ...(isObject(settings) ? settings : {}) }
  if (!isObject(added) || config.added_tokens_decoder) return config
  // The older list has ids by content, and none of the flags.
  const listed = Object.entries(added).map(([content, id]) => [id, { content }])
  return { ...config, added_tokens_decoder: Object.fromEntries(listed) }
}

async function convert(read: ReadFile, config: TokenizerConfig): Promise<object> {
  const vocab = await readJson(read, 'vocab.json')
  const merges = vocab && (await readText(read, 'merges.txt'))
  if (merges !== undefined) return byteLevelTokenizer(vocab, merges as string, config)
  const words = await readText(read, 'vocab.txt')
  if (words !== undefined) return wordPieceTokenizer(words, config)
  for (const name of SENTENCEPIECE) {
    const model = await read(name)
    if (model) return sentencePieceTokenizer(model, config)
  }
  throw new UserError(
    'there is no tokenizer: expected tokenizer.json, vocab.json with merges.txt, vocab.txt, or ' +
      `${SENTENCEPIECE.join(' or ')}`,
  )
}

async function readText(read: ReadFile, name: string): Promise<string | undefined> {
  const bytes = await read(name)
  return bytes && textOf(bytes)
}

async function readJson(read: ReadFile, name: string): Promise<unknown> {
  const bytes = await read(name)
  return bytes && parseJson(bytes, name)
}
