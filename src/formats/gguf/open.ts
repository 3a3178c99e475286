import { openFile } from '../../files/node-file.ts'
import { loadTokenizer } from '../../text/load.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { fitTokenizer } from '../fit-tokenizer.ts'
import { beginsWithToken } from '../huggingface/open.ts'
import type { OpenModel } from '../open-model.ts'
import { named, readTokenizerAt } from '../tokenizer-folder.ts'
import { type Gguf, openGguf } from './gguf.ts'
import type { GgufMetadata } from './metadata.ts'
import { readGgufModel } from './model.ts'
import { readChatTemplate, readGgufTokenizer } from './vocabulary/read.ts'
import { END_KEYS } from './vocabulary/roles.ts'

/**
 * Opens a GGUF file. `tokenizer`: a file or folder in place of the vocabulary that it holds. Throws
 * UserError with the key or tensor at fault.
 */
export async function openGgufModel(path: string, tokenizer?: string): Promise<OpenModel> {
  const gguf = await openGguf(await openFile(path), path)
  try {
    return await named(path, () => read(gguf, path, tokenizer))
  } catch (error) {
    await gguf.close()
    throw error
  }
}

async function read(gguf: Gguf, path: string, other: string | undefined): Promise<OpenModel> {
  const { metadata } = gguf
  const { architecture, config, unknown, ...parameters } = await readGgufModel(gguf)
  const { tokenizer, unused } = other
    ? fitTokenizer(other, (await readTokenizerAt(other)).tokenizer, config)
    : fitTokenizer('the vocabulary', ownTokenizer(metadata), config, { pads: true })
  return {
    path,
    architecture,
    config,
    tokenizer,
    chatTemplate: readChatTemplate(metadata),
    generation: readEnds(metadata, tokenizer),
    addBos: beginsWithToken(tokenizer),
    unknownFields: [...unknown, ...unused],
    unusedSettings: [...metadata.keys()].filter((key) => key.startsWith('general.sampling.')),
    unusedTensors: [],
    stored: Array.from(gguf.tensors.values(), ({ type, length }) => ({ dtype: type, length })),
    read: parameters.read,
    locate: async (name) => parameters.locate(name),
    close: gguf.close,
  }
}

function ownTokenizer(metadata: GgufMetadata): Tokenizer {
  const { json, config } = readGgufTokenizer(metadata)
  return loadTokenizer(json, config)
}

/** Turns and messages may end with tokens of their own. */
function readEnds(metadata: GgufMetadata, { eosId }: Tokenizer): OpenModel['generation'] {
  const others = END_KEYS.filter((key) => metadata.has(key)).map((key) => metadata.number(key))
  const all = new Set([...(eosId === undefined ? [] : [eosId]), ...others])
  return others.every((id) => id === eosId) ? {} : { eos_token_id: [...all] }
}
