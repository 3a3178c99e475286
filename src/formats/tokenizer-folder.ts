import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { UserError } from '../errors.ts'
import { fileError, ifThere } from '../files/file-error.ts'
import { openFile, readStart } from '../files/node-file.ts'
import { parseJson, textOf } from '../files/parse-json.ts'
import { own } from '../own.ts'
import { sentencePieceTokenizer } from '../text/convert/sentencepiece.ts'
import { wordPieceTokenizer } from '../text/convert/word-piece.ts'
import { loadTokenizer } from '../text/load.ts'
import {
  type LoadedTokenizer,
  loadTokenizerFiles,
  type ReadFile,
  readTemplate,
  readTokenizerConfig,
} from '../text/load-files.ts'
import type { TokenizerConfig } from '../text/tokenizer-json.ts'
import { openGguf } from './gguf/gguf.ts'
import { readChatTemplate, readGgufTokenizer } from './gguf/vocabulary/read.ts'
import { llama2cTokenizer } from './llama2c/vocabulary.ts'

/** The tokenizer in a folder, see `loadTokenizerFiles`. Throws UserError that names the folder. */
export const readTokenizerFolder = (folder: string): Promise<LoadedTokenizer> =>
  named(folder, () => loadTokenizerFiles(readIn(folder)))

/**
 * The tokenizer in a folder or a file: a tokenizer.json of any name, a `vocab.txt`, a SentencePiece
 * `.model` or llama2.c's `.bin`, with the configuration beside it; or a GGUF file. Throws UserError
 * that names the path.
 */
export async function readTokenizerAt(path: string): Promise<LoadedTokenizer> {
  const found = await ifThere(stat(path), `cannot read tokenizer ${path}`)
  if (!found)
    throw new UserError(
      `tokenizer ${path}: no such file or folder; give a model's folder or a tokenizer.json`,
    )
  if (found.isDirectory()) return readTokenizerFolder(path)
  if (await isGguf(path)) return readGgufVocabulary(path)
  const read = readIn(dirname(path))
  return named(path, async () => {
    const config = await readTokenizerConfig(read)
    const bytes = (await read(basename(path))) ?? new Uint8Array(0)
    const convert = own(kinds, extname(path)) ?? jsonIn
    const chatTemplate = await readTemplate(read, config)
    return { tokenizer: loadTokenizer(convert(bytes, config), config), config, chatTemplate }
  })
}

/** By what a file begins with, whatever its name. */
export const isGguf = async (path: string): Promise<boolean> =>
  textOf(await readStart(path, 4)) === 'GGUF'

/** The tokenizer in a GGUF file, of which no more than the metadata is read. */
async function readGgufVocabulary(path: string): Promise<LoadedTokenizer> {
  const { metadata, close } = await openGguf(await openFile(path), path)
  await close()
  return named(path, async () => {
    const { json, config } = readGgufTokenizer(metadata)
    return {
      tokenizer: loadTokenizer(json, config),
      config,
      chatTemplate: readChatTemplate(metadata),
    }
  })
}

const jsonIn = (bytes: Uint8Array): unknown => parseJson(bytes, 'the file')

/** The tokenizer.json in other files, by their extensions. */
const kinds: Readonly<Record<string, (bytes: Uint8Array, config: TokenizerConfig) => unknown>> = {
  '.bin': llama2cTokenizer,
  '.model': sentencePieceTokenizer,
  '.txt': (bytes, config) => wordPieceTokenizer(textOf(bytes), config),
}

export const readIn =
  (folder: string): ReadFile =>
  async (name) => {
    try {
      return await readFile(join(folder, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw fileError(error, `cannot read ${join(folder, name)}`)
    }
  }

/** Puts `path` before the message of a UserError that does not begin with it. */
export async function named<T>(path: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!(error instanceof UserError) || error.message.startsWith(path)) throw error
    throw new UserError(`${path}: ${error.message}`, { cause: error })
  }
}
