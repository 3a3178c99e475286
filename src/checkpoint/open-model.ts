import { stat } from 'node:fs/promises'
import { ReplacedError, UserError } from '../errors.ts'
import { ifThere } from '../files/file-error.ts'
import { openGgufModel } from '../formats/gguf/open.ts'
import { openHuggingFace } from '../formats/huggingface/open.ts'
import { openLlama2c } from '../formats/llama2c/llama2c.ts'
import { type OpenModel, tellLeftAside } from '../formats/open-model.ts'
import { isGguf } from '../formats/tokenizer-folder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import type { WritingModel } from '../models/model.ts'

/**
 * Opens a folder in Hugging Face's layout, or a GGUF file, and tells what is left aside of it; the
 * caller closes it. Throws UserError with the file and the field or tensor at fault.
 */
export async function openModel(path: string): Promise<OpenModel> {
  const model = await openQuietly(path)
  tellLeftAside(path, model)
  return model
}

async function openQuietly(path: string): Promise<OpenModel> {
  if (path.toLowerCase().endsWith('.gguf')) return openGgufModel(path)
  const found = await ifThere(stat(path), `cannot read ${path}`)
  if (found?.isFile())
    throw new UserError(`${path} is a file; name the folder of a model, or a GGUF file`)
  return openHuggingFace(path)
}

/**
 * Opens a model of any format: as `openModel` does, or a `.bin` of llama2.c. `tokenizer`: a file or
 * folder in place of its own vocabulary. Throws UserError.
 */
export async function openSource(source: string, tokenizer?: string): Promise<OpenModel> {
  const found = await ifThere(stat(source), `cannot read ${source}`)
  if (!found)
    throw new UserError(
      `${source}: there is no such file or folder; give a model's folder, a .gguf or a llama2.c ` +
        '.bin',
    )
  if (found.isDirectory() && tokenizer !== undefined)
    throw new UserError(`${source}: a folder has its own tokenizer; leave out --tokenizer`)
  const model = found.isDirectory()
    ? await openHuggingFace(source)
    : await openFileOf(source, tokenizer)
  tellLeftAside(source, model)
  return model
}

async function openFileOf(source: string, tokenizer: string | undefined): Promise<OpenModel> {
  if ((await isGguf(source)) || source.endsWith('.gguf')) return openGgufModel(source, tokenizer)
  if (source.endsWith('.bin')) return openLlama2c(source, tokenizer)
  throw new UserError(
    `${source}: is neither a GGUF file nor a .bin of llama2.c; give a model's folder for others`,
  )
}

/** What `use` makes of a model, which is closed afterwards. `isQuiet` leaves out its notices. */
export async function withModel<T>(
  path: string,
  use: (model: OpenModel) => T | Promise<T>,
  { isQuiet = false } = {},
): Promise<T> {
  const model = await (isQuiet ? openQuietly : openModel)(path)
  try {
    return await use(model)
  } finally {
    await model.close()
  }
}

/** As often may a training replace its best model while that is loaded. */
const TRIES = 10

/**
 * As `withModel`, for an engine that maps weights from their file: where another took its place
 * before all were mapped, the model is opened again.
 */
export async function whileNotReplaced<T>(
  path: string,
  use: (model: OpenModel) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await withModel(path, use, { isQuiet: tries > 1 })
    } catch (error) {
      if (!(error instanceof ReplacedError) || tries === TRIES) throw error
    }
}

type Writing = OpenModel<WritingModel['config']>

/** True of a model that writes text. */
export const isWriting = (model: OpenModel): model is Writing =>
  model.config.kind === 'encoder-decoder' || (model.config.kind === 'decoder' && !model.config.head)

/** A model that writes text. Throws UserError where it is of another kind. */
export const asWriting = (model: OpenModel): Writing =>
  isWriting(model) ? model : asDecoder(model)

/** A model that writes text by going on with it. Throws UserError where it is of another kind. */
export function asDecoder(model: OpenModel): OpenModel<DecoderConfig> {
  const { config, architecture, path } = model
  if (config.kind === 'decoder' && !config.head) return { ...model, config }
  const kind =
    config.kind === 'decoder' ? `a decoder made to ${config.head?.task}` : `an ${config.kind}`
  throw new UserError(
    `${path}: ${architecture} is ${kind} here; this needs a model that continues a text, such as ` +
      'a Llama; use predict for other models, and eval to measure them',
  )
}
