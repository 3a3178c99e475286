import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { fileError, ifThere, isMissing } from '../../files/file-error.ts'
import { openFile } from '../../files/node-file.ts'
import { parseJson } from '../../files/parse-json.ts'
import { readWhole } from '../../files/read-whole.ts'
import { createModel, stacksOf } from '../../models/model.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { fitTokenizer } from '../fit-tokenizer.ts'
import type { OpenModel } from '../open-model.ts'
import { withScales } from '../safetensors/int8.ts'
import type { Weights } from '../safetensors/safetensors.ts'
import { openWeights } from '../safetensors/sharded.ts'
import {
  MODULES,
  readSentenceFor,
  withSentence,
} from '../sentence-transformers/sentence-transformers.ts'
import { named, readTokenizerFolder } from '../tokenizer-folder.ts'
import { readConfig } from './config.ts'
import { unusedSettings, withEnds } from './generation-settings.ts'
import { importParameters } from './weights.ts'

/** Opens a folder in Hugging Face's layout. Throws UserError with the file and field at fault. */
export async function openHuggingFace(folder: string): Promise<OpenModel> {
  const { value } = await readWhole(folder, openIn, (model) => model.close())
  return { ...value, path: folder }
}

/** The model whose files lie in `path`. */
async function openIn(path: string): Promise<OpenModel> {
  await refuseAdapter(path)
  const described = readConfig(await readJson(join(path, 'config.json')))
  const generation = await readGeneration(path)
  const texts = await readTextFiles(path)
  const where = `${path}: tokenizer.json`
  const { tokenizer, unused } = fitTokenizer(where, texts.tokenizer, described.config)
  const sentence = await readSentenceFiles(path, tokenizer)
  const config = sentence ? withSentence(described.config, sentence) : described.config
  const context = Math.max(...stacksOf(config).map(({ context }) => context))
  const { architecture, endIds, unknown } = described
  const weights = await openFolderWeights(path)
  try {
    const parameters = await named(path, async () =>
      importParameters(architecture, createModel(config), weights),
    )
    return {
      ...texts,
      path,
      tokenizer,
      architecture: architecture.modelType,
      config,
      unknownFields: [...unknown, ...unused],
      unusedSettings: unusedSettings(generation, context),
      unusedTensors: parameters.unused,
      generation: withEnds(generation, endIds),
      stored: [...weights.tensors.values()],
      read: parameters.read,
      locate: parameters.locate,
      close: weights.close,
    }
  } catch (error) {
    await weights.close()
    throw error
  }
}

async function readGeneration(folder: string): Promise<OpenModel['generation']> {
  const file = join(folder, 'generation_config.json')
  const settings = await readJson(file, {})
  if (typeof settings === 'object' && settings && !Array.isArray(settings))
    return settings as Record<string, unknown>
  throw new UserError(`${file} is not an object of settings`)
}

/** Throws UserError where there is an adapter and no model. */
async function refuseAdapter(folder: string): Promise<void> {
  if ((await isThere(folder, 'adapter_config.json')) && !(await isThere(folder, 'config.json')))
    throw new UserError(
      `${folder} has an adapter; give it as --adapter, and the model that it is for as --model, ` +
        'to chat, generate or measure; for all else, join the two with chatwright merge',
    )
}

/** How vectors are made, where the folder says so. Throws UserError that begins with the folder. */
async function readSentenceFiles(folder: string, tokenizer: Tokenizer) {
  if (!(await isThere(folder, MODULES))) return undefined
  const read = (file: string, fallback?: unknown) => readJson(join(folder, file), fallback)
  return named(folder, () => readSentenceFor(tokenizer, read))
}

/** Whether a folder has a file of this name. Throws UserError where that cannot be told. */
export async function isThere(folder: string, name: string): Promise<boolean> {
  const path = join(folder, name)
  return (await ifThere(stat(path), `cannot read ${path}`)) !== undefined
}

/** How a folder's model reads and writes text. */
export async function readTextFiles(
  folder: string,
): Promise<Pick<OpenModel, 'tokenizer' | 'chatTemplate' | 'addBos'>> {
  const { tokenizer, config, chatTemplate } = await readTokenizerFolder(folder)
  const addBos = config.add_bos_token === true || beginsWithToken(tokenizer)
  return { tokenizer, chatTemplate, addBos }
}

/** True where the tokenizer itself puts a special token before a text, as Llama's does. */
export const beginsWithToken = ({ inputTemplate }: Tokenizer): boolean =>
  inputTemplate?.single[0]?.ids !== undefined

/** Parsed JSON; `fallback` where there is no file. */
export async function readJson(path: string, fallback?: unknown): Promise<unknown> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && fallback !== undefined) return undefined
    if (!isMissing(error)) throw fileError(error, `cannot read ${path}`)
    throw new UserError(`${path}: there is no such file; name the folder of a model`)
  })
  return bytes === undefined ? fallback : parseJson(bytes, path)
}

/** The weights of a model folder on disk, see `openWeights`; int8 matrices with their scales. */
export const openFolderWeights = async (folder: string): Promise<Weights> => {
  const weights = await openWeights(async (file) => {
    try {
      return await openFile(join(folder, file))
    } catch (error) {
      if (((error as Error).cause as NodeJS.ErrnoException)?.code === 'ENOENT') return undefined
      throw error
    }
  })
  return withScales(weights)
}
