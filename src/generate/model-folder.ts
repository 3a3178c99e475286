import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { sizeOf } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { openFolderWeights } from '../models/files/node-file.ts'
import { finishPromotion } from '../models/files/promote.ts'
import { readConfig } from '../models/huggingface/config.ts'
import { importTensors } from '../models/huggingface/weights.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { loadTokenizer } from '../text/load.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { TokenizerConfig } from '../text/tokenizer-json.ts'

/** What a model's folder says, its weights still on the disk. */
export interface ModelFolder {
  folder: string
  family: string
  config: DecoderConfig
  /** Fields of config.json that are not known here. */
  unknownFields: string[]
  tokenizer: Tokenizer
  chatTemplate: string | undefined
  /** Defaults of generation, by the names of generation_config.json. */
  generation: Readonly<Record<string, unknown>>
  /** Reads every parameter into the memory given for it. */
  fill(memory: (name: string) => Float32Array): Promise<void>
}

/** Reads a folder in Hugging Face's layout. Throws UserError with the file and the field at fault. */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  await finishPromotion(folder)
  const { config, family, unknown } = readConfig(await readJson(join(folder, 'config.json')))
  const settings = (await readJson(join(folder, 'tokenizer_config.json'), {})) as TokenizerConfig
  const generation = await readJson(join(folder, 'generation_config.json'), {})
  const tokenizer = loadTokenizer(await readJson(join(folder, 'tokenizer.json')), settings)
  if (tokenizer.vocabSize > config.vocabSize)
    throw new UserError(
      `${folder}: the tokenizer has ${tokenizer.vocabSize} tokens, but the model only ${config.vocabSize}; they do not belong together`,
    )
  return {
    folder,
    family: family.modelType,
    config,
    unknownFields: unknown,
    tokenizer,
    chatTemplate: (await readTemplate(folder)) ?? templateOf(settings),
    generation: generation as Record<string, unknown>,
    fill: async (memory) => {
      const weights = await openFolderWeights(folder)
      try {
        await importTensors(family, new Decoder(config), weights, memory)
      } finally {
        await weights.close()
      }
    },
  }
}

/** The parameters of a model in the engine's memory, by name. */
export async function loadParameters(
  engine: Engine,
  decoder: Decoder,
  { fill }: ModelFolder,
): Promise<Record<string, DeviceTensor>> {
  const tensors: Record<string, DeviceTensor> = {}
  const copies = new Map<string, Float32Array>()
  for (const [name, { shape }] of decoder.parameters())
    tensors[name] = engine.tensor('float32', shape)
  await fill((name) => {
    const { data, shape } = tensors[name] as DeviceTensor
    if (data) return data as Float32Array
    const copy = new Float32Array(sizeOf(shape))
    copies.set(name, copy)
    return copy
  })
  for (const [name, copy] of copies) tensors[name]?.write(copy)
  return tensors
}

/** Newer folders have the template in a file of its own. */
const readTemplate = (folder: string): Promise<string | undefined> =>
  readFile(join(folder, 'chat_template.jinja'), 'utf8').catch(() => undefined)

const templateOf = ({ chat_template: template }: TokenizerConfig): string | undefined =>
  typeof template === 'string' ? template : undefined

/** Parsed JSON; `fallback` where there is no file. */
async function readJson(path: string, fallback?: unknown): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && fallback !== undefined) return undefined
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new UserError(`${path}: ${reason}; name the folder of a model`)
  })
  if (text === undefined) return fallback
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`)
  }
}
