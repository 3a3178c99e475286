import { findNonFiniteWeights } from '../checkpoint/find-non-finite.ts'
import { usePackedParameters } from '../checkpoint/load-parameters.ts'
import { asWriting, whileNotReplaced } from '../checkpoint/open-model.ts'
import { withAdapters } from '../checkpoint/with-adapters.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { readChatTemplate } from '../formats/read-chat-template.ts'
import { createModel, type WritingModel } from '../models/model.ts'
import type { Bits } from '../models/quantize.ts'
import type { Engine } from '../runtime/engine.ts'
import type { FindNonFinite } from '../runtime/non-finite.ts'
import { type EngineOptions, openEngine } from '../runtime/open.ts'
import { LanguageModel, type LanguageModelOptions } from './language-model.ts'

export interface LoadOptions extends Pick<EngineOptions, 'threads'> {
  /** Where to compute; an engine that is open already stays the caller's. */
  engine?: EngineOptions['engine'] | Engine
  /** Bits that the model's matrices are held in: see `LanguageModelOptions`. */
  bits?: Bits
  /** Bits of a quantized copy that makes draft tokens: see `LanguageModelOptions`. */
  draft?: Bits
  /**
   * Folders of LoRA adapters that it runs with, as `tune` and PEFT make them; their updates add up.
   * `model.useAdapters` switches them; [] makes room for that alone.
   */
  adapter?: string | readonly string[]
  /** A file with the chat template to use instead of the model's own, or `chatml`. */
  chatTemplate?: string
}

/**
 * Loads a model folder in Hugging Face's layout, ready to generate; `model.dispose()` frees it.
 * Throws UserError that names the file and what is wrong with it.
 *
 * @example
 * const model = await load('my-model')
 * const { text } = await generate(model, { prompt: 'Call me' })
 */
export async function load(folder: string, options: LoadOptions = {}): Promise<LanguageModel> {
  return whileNotReplaced(folder, (model) => loadWriting(asWriting(model), options))
}

/** As `load`, of a model that is open; it can be closed afterwards. */
export async function loadWriting(
  base: OpenModel<WritingModel['config']>,
  { engine: chosen, threads, bits, draft, adapter, chatTemplate: path }: LoadOptions = {},
): Promise<LanguageModel> {
  const folders =
    adapter === undefined ? [] : await Promise.all([adapter].flat().map(readAdapterFolder))
  const chatTemplate = path === undefined ? undefined : await readChatTemplate(path)
  const files = { ...withAdapters(base, folders), ...(chatTemplate && { chatTemplate }) }
  const adapters = adapter === undefined ? undefined : folders.map(({ adapter }) => adapter)
  const findNonFinite = () => findNonFiniteWeights(base.path, folders)
  const options = { bits, draft, adapters, findNonFinite }
  if (typeof chosen === 'object') return open(files, { engine: chosen, ...options })
  const engine = await openEngine({ engine: chosen, threads })
  try {
    return await open(files, { engine, ...options, ownsEngine: true })
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

interface OpenOptions
  extends Pick<LanguageModelOptions, 'engine' | 'bits' | 'draft' | 'adapters' | 'ownsEngine'> {
  findNonFinite: FindNonFinite
}

async function open(
  files: OpenModel<WritingModel['config']>,
  { findNonFinite, ...options }: OpenOptions,
): Promise<LanguageModel> {
  const { engine, bits, draft } = options
  const model = createModel(files.config) as WritingModel
  // What is quantized is read first.
  const inMemory = bits !== undefined || draft !== undefined
  return usePackedParameters(engine, model, files, { inMemory }, (packed) => {
    const weights = { packed, findNonFinite }
    return LanguageModel.create({ ...files, ...options, model, weights, facts: files })
  })
}
