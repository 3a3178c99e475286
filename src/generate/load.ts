import { asWriting, whileNotReplaced } from '../checkpoint/open-model.ts'
import { usePackedWeights } from '../checkpoint/packed-weights.ts'
import { withAdapters } from '../checkpoint/with-adapters.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { readChatTemplate } from '../formats/read-chat-template.ts'
import { createModel, type WritingModel } from '../models/model.ts'
import type { Bits } from '../models/quantize.ts'
import { type EngineChoice, loadOnEngine } from '../runtime/open.ts'
import { LanguageModel } from './language-model.ts'

export interface LoadOptions extends EngineChoice {
  /** Bits of the model's matrices: see `LanguageModelOptions`. */
  bits?: Bits
  /** Bits of the draft model: see `LanguageModelOptions`. */
  draft?: Bits
  /**
   * Folders of LoRA adapters to activate, as `tune` and PEFT write them; their updates add up.
   * `model.useAdapters` switches them later; pass [] to start with none.
   */
  adapter?: string | readonly string[]
  /** File of a chat template to use instead of the model's own, or `chatml`. */
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

/** As `load`, for an open model, which can be closed afterwards. */
export async function loadWriting(
  base: OpenModel<WritingModel['config']>,
  { bits, draft, adapter, chatTemplate: path, ...choice }: LoadOptions = {},
): Promise<LanguageModel> {
  const folders =
    adapter === undefined ? [] : await Promise.all([adapter].flat().map(readAdapterFolder))
  const chatTemplate = path === undefined ? undefined : await readChatTemplate(path)
  const files = { ...withAdapters(base, folders), ...(chatTemplate && { chatTemplate }) }
  const adapters = adapter === undefined ? undefined : folders.map(({ adapter }) => adapter)
  // Quantization needs the weights in memory.
  const inMemory = bits !== undefined || draft !== undefined
  return loadOnEngine(choice, (engine, ownsEngine) => {
    const model = createModel(files.config) as WritingModel
    const options = { ...files, engine, ownsEngine, model, bits, draft, adapters, facts: files }
    return usePackedWeights(engine, model, files, { adapters: folders, inMemory }, (weights) =>
      LanguageModel.create({ ...options, weights }),
    )
  })
}
