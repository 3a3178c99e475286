import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { fileError, ifThere, isMissing } from '../files/file-error.ts'
import { parseJson } from '../files/parse-json.ts'
import { readWhole } from '../files/read-whole.ts'
import { fitTokenizer } from '../formats/fit-tokenizer.ts'
import type { Architecture } from '../formats/huggingface/architecture.ts'
import { readConfig } from '../formats/huggingface/config.ts'
import { unusedSettings } from '../formats/huggingface/generation-settings.ts'
import {
  type ImportTensorsOptions,
  importTensors,
  unusedTensors,
} from '../formats/huggingface/weights.ts'
import { type LeftAside, tellLeftAside } from '../formats/left-aside.ts'
import { openFolderWeights } from '../formats/safetensors/open-folder.ts'
import type { Weights } from '../formats/safetensors/safetensors.ts'
import {
  MODULES,
  readSentence,
  withSentence,
} from '../formats/sentence-transformers/sentence-transformers.ts'
import { readTokenizerFolder } from '../formats/tokenizer-folder.ts'
import { sizeOf } from '../graph/index.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { createModel, type ModelConfig, stacksOf, type WritingModel } from '../models/model.ts'
import type { Module } from '../nn/index.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { expectWeights } from '../runtime/memory.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { isGguf, readGgufFile } from './gguf-file.ts'

/** What a model's folder says, its weights still on the disk. */
export interface ModelFolder<C extends ModelConfig = ModelConfig> extends LeftAside {
  folder: string
  architecture: string
  config: C
  tokenizer: Tokenizer
  chatTemplate: string | undefined
  /** Defaults of generation, by the names of generation_config.json. */
  generation: Readonly<Record<string, unknown>>
  /** Prompts begin with the tokenizer's BOS. */
  addBos: boolean
  /** The weights as the files have them, of a folder in Hugging Face's layout; to be closed. */
  openWeights?(): Promise<Weights>
  /**
   * Reads every parameter into the memory given for it, the same at every call; resolves with the
   * names of tensors that the model has no place for. `take`: see `importTensors`.
   */
  fill(
    memory: (name: string) => Float32Array,
    options?: Pick<ImportTensorsOptions, 'take'>,
  ): Promise<string[]>
}

/**
 * Reads a folder in Hugging Face's layout, or a GGUF file. Throws UserError with the file and the
 * field at fault.
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  if (isGguf(folder)) return readGgufFile(folder)
  await refuseFile(folder)
  const found = await readWhole(folder, describe)
  const { architecture, ...described } = found.value
  tellLeftAside(folder, described)
  const openWeights = async () => {
    const { value: weights, description } = await readWhole(folder, openFolderWeights, (weights) =>
      weights.close(),
    )
    if (description === found.description) return weights
    await weights.close()
    throw new UserError(
      `${folder}: another model took its place while it was being loaded; load it again`,
    )
  }
  return {
    ...described,
    folder,
    architecture: architecture.modelType,
    openWeights,
    fill: async (memory, options) => {
      const weights = await openWeights()
      try {
        return await importTensors(
          architecture,
          createModel(described.config),
          weights,
          memory,
          options,
        )
      } finally {
        await weights.close()
      }
    },
  }
}

/** All that a folder says but the weights. */
async function describe(folder: string) {
  await refuseAdapter(folder)
  const described = readConfig(await readJson(join(folder, 'config.json')))
  const { architecture, endIds, unknown } = described
  const generation = await readGeneration(folder)
  const read = await readTextFiles(folder)
  const { tokenizer, unused } = fitTokenizer(
    `${folder}: tokenizer.json`,
    read.tokenizer,
    described.config,
  )
  const texts = { ...read, tokenizer }
  const sentence = await readSentenceFiles(folder, texts.tokenizer)
  const config = sentence ? withSentence(described.config, sentence) : described.config
  const context = Math.max(...stacksOf(config).map(({ context }) => context))
  return {
    ...texts,
    architecture,
    config,
    unknownFields: [...unknown, ...unused],
    unusedSettings: unusedSettings(generation, context),
    unusedTensors: await unusedWeights(folder, architecture, config),
    generation: withEnds(generation, endIds),
  }
}

/**
 * Whatever either file says to end a text ends it; old files have -1 where there is no such token.
 */
function withEnds(
  { eos_token_id: own, ...others }: ModelFolder['generation'],
  endIds: readonly number[],
): ModelFolder['generation'] {
  const all = new Set([...endIds, ...[own ?? []].flat()])
  const ends = [...all].filter((id) => !(Number(id) < 0))
  if (ends.length === 0) return others
  return { ...others, eos_token_id: ends.length === 1 ? ends[0] : ends }
}

async function readGeneration(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const file = join(folder, 'generation_config.json')
  const settings = await readJson(file, {})
  if (typeof settings === 'object' && settings && !Array.isArray(settings))
    return settings as Record<string, unknown>
  throw new UserError(`${file} is not an object of settings`)
}

/** Tensors that a folder's model has no place for, by their names alone. */
async function unusedWeights(folder: string, architecture: Architecture, config: ModelConfig) {
  const weights = await openFolderWeights(folder)
  try {
    return unusedTensors(architecture, createModel(config), weights)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${folder}: ${error.message}`, { cause: error })
  } finally {
    await weights.close()
  }
}

/** Throws UserError where there is a file in the folder's place, or it cannot be looked into. */
async function refuseFile(folder: string): Promise<void> {
  const found = await ifThere(stat(folder), `cannot read ${folder}`)
  if (found?.isFile())
    throw new UserError(`${folder} is a file; name the folder of a model, or a GGUF file`)
}

/** Throws UserError where there is an adapter and no model. */
async function refuseAdapter(folder: string): Promise<void> {
  if ((await isThere(folder, 'adapter_config.json')) && !(await isThere(folder, 'config.json')))
    throw new UserError(
      `${folder} has an adapter; give it as --adapter, and the model that it is for as --model`,
    )
}

/** Whether a folder has a file of this name. Throws UserError where that cannot be told. */
export async function isThere(folder: string, name: string): Promise<boolean> {
  const path = join(folder, name)
  return (await ifThere(stat(path), `cannot read ${path}`)) !== undefined
}

/** How vectors are made, where the folder says so. Throws UserError that begins with the folder. */
async function readSentenceFiles(folder: string, tokenizer: Tokenizer) {
  if (!(await isThere(folder, MODULES))) return undefined
  try {
    const { sentence, lowercase } = await readSentence((file, fallback) =>
      readJson(join(folder, file), fallback),
    )
    if (lowercase && tellsCapitalsApart(tokenizer))
      throw new UserError(
        'sentence_bert_config.json asks for do_lower_case, but the tokenizer tells capitals ' +
          'apart, and texts are read as they are here; set it to false if the model does so too',
      )
    const specials = encodeInput(tokenizer, '').ids.length
    if (sentence.maxTokens !== undefined && sentence.maxTokens <= specials)
      throw new UserError(
        'sentence_bert_config.json: max_seq_length is ' +
          `${sentence.maxTokens}, and the special tokens alone are ${specials}; give more`,
      )
    return sentence
  } catch (error) {
    if (!(error instanceof UserError) || error.message.startsWith(folder)) throw error
    throw new UserError(`${folder}: ${error.message}`)
  }
}

function tellsCapitalsApart(tokenizer: Tokenizer): boolean {
  try {
    return tokenizer.encode('A').join() !== tokenizer.encode('a').join()
  } catch {
    return true // a vocabulary of characters, one of the two not among them
  }
}

/** How a folder's model reads and writes text. */
export async function readTextFiles(
  folder: string,
): Promise<Pick<ModelFolder, 'tokenizer' | 'chatTemplate' | 'addBos'>> {
  const { tokenizer, config: settings, chatTemplate } = await readTokenizerFolder(folder)
  return {
    tokenizer,
    chatTemplate,
    addBos: settings.add_bos_token === true || putsTokenFirst(tokenizer),
  }
}

/** A folder whose model writes text. Throws UserError where it is another kind. */
export async function readWritingFolder(
  folder: string,
): Promise<ModelFolder<WritingModel['config']>> {
  const found = await readModelFolder(folder)
  const { config } = found
  if (config.kind === 'encoder-decoder') return { ...found, config }
  return asDecoder(found)
}

/**
 * A folder whose model writes text by going on with it. Throws UserError where it is another kind.
 */
export async function readDecoderFolder(folder: string): Promise<ModelFolder<DecoderConfig>> {
  return asDecoder(await readModelFolder(folder))
}

function asDecoder(found: ModelFolder): ModelFolder<DecoderConfig> {
  const { config, architecture, folder } = found
  if (config.kind === 'decoder' && !config.head) return { ...found, config }
  const kind =
    config.kind === 'decoder' ? `a decoder made to ${config.head?.task}` : `an ${config.kind}`
  throw new UserError(
    `${folder}: ${architecture} is ${kind} here; this needs a model that continues a text, such as a Llama; use predict for other models, and train --val to measure them`,
  )
}

/** The parameters of a model in the engine's memory, by name. */
export async function loadParameters(
  engine: Engine,
  model: Module,
  { fill }: ModelFolder,
): Promise<Record<string, DeviceTensor>> {
  expectWeights(model)
  const tensors: Record<string, DeviceTensor> = {}
  const copies = new Map<string, Float32Array>()
  try {
    for (const [name, { shape }] of model.parameters())
      tensors[name] = engine.tensor('float32', shape)
    await fill((name) => {
      const { data, shape } = tensors[name] as DeviceTensor
      if (data) return data as Float32Array
      const copy = copies.get(name) ?? new Float32Array(sizeOf(shape))
      copies.set(name, copy)
      return copy
    })
    for (const [name, copy] of copies) tensors[name]?.write(copy)
    return tensors
  } catch (error) {
    for (const tensor of Object.values(tensors)) tensor.dispose()
    throw error
  }
}

/**
 * True where the tokenizer itself says that a text begins with a special token, as Llama's does.
 */
const putsTokenFirst = ({ inputTemplate }: Tokenizer): boolean =>
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
