import { UserError } from '../errors.ts'
import { openFile } from '../files/node-file.ts'
import { fitTokenizer } from '../formats/fit-tokenizer.ts'
import { type Gguf, openGguf } from '../formats/gguf/gguf.ts'
import { readGgufModel } from '../formats/gguf/model.ts'
import { readChatTemplate, readGgufTokenizer } from '../formats/gguf/vocabulary/read.ts'
import { END_KEYS } from '../formats/gguf/vocabulary/roles.ts'
import { tellLeftAside } from '../formats/left-aside.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readTokenizerAt } from '../formats/tokenizer-folder.ts'
import { createModel } from '../models/model.ts'
import { loadTokenizer } from '../text/load.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { ModelFolder } from './model-folder.ts'

/**
 * Opens a GGUF file. `tokenizer`: a file or folder in place of the vocabulary that it holds. Throws
 * UserError with the key or tensor at fault.
 */
export async function openGgufModel(path: string, tokenizer?: string): Promise<OpenModel> {
  const gguf = await openGguf(await openFile(path), path)
  try {
    return await openModel(gguf, path, tokenizer)
  } catch (error) {
    await gguf.close()
    if (!(error instanceof UserError) || error.message.startsWith(path)) throw error
    throw new UserError(`${path}: ${error.message}`, { cause: error })
  }
}

async function openModel(gguf: Gguf, file: string, path: string | undefined): Promise<OpenModel> {
  const model = await readGgufModel(gguf)
  const own = path === undefined ? readGgufTokenizer(gguf.metadata) : undefined
  const read = own
    ? loadTokenizer(own.json, own.config)
    : (await readTokenizerAt(path as string)).tokenizer
  const where = path ?? 'the vocabulary'
  const { tokenizer, unused } = fitTokenizer(where, read, model.config, { pads: own !== undefined })
  const samplers = [...gguf.metadata.keys()].filter((key) => key.startsWith('general.sampling.'))
  const leftAside = {
    unknownFields: [...model.unknown, ...unused],
    unusedSettings: samplers,
    unusedTensors: [],
  }
  tellLeftAside(file, leftAside)
  return {
    architecture: model.architecture,
    config: model.config,
    tokenizer,
    chatTemplate: readChatTemplate(gguf.metadata),
    generation: ends(gguf, tokenizer),
    addBos: tokenizer.inputTemplate?.single[0]?.ids !== undefined,
    ...leftAside,
    read: (name) => model.read(name),
    close: () => gguf.close(),
  }
}

export const isGguf = (path: string): boolean => path.toLowerCase().endsWith('.gguf')

/** A GGUF file as a model's folder. Throws UserError with the key or tensor at fault. */
export async function readGgufFile(path: string): Promise<ModelFolder> {
  const { close, ...described } = await openGgufModel(path)
  await close()
  return {
    ...described,
    folder: path,
    fill: async (memory, { take } = {}) => {
      const gguf = await openGguf(await openFile(path), path)
      try {
        const { config, read, locate } = await readGgufModel(gguf)
        for (const name of createModel(config).parameters().keys()) {
          const place = take && locate(name)
          if (!place || !take(name, place)) await read(name, memory(name))
        }
      } finally {
        await gguf.close()
      }
      return []
    },
  }
}

/** Turns and messages may end with tokens of their own. */
function ends({ metadata }: Gguf, { eosId }: Tokenizer): OpenModel['generation'] {
  const others = END_KEYS.filter((key) => metadata.has(key)).map((key) => metadata.number(key))
  const all = new Set([...(eosId === undefined ? [] : [eosId]), ...others])
  return others.every((id) => id === eosId) ? {} : { eos_token_id: [...all] }
}
