import { stat } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { ifThere } from '../files/file-error.ts'
import { ModelCache } from './model-cache.ts'
import { readModelName } from './model-name.ts'
import type { PullOptions, TransferEvents } from './options.ts'
import { HubRefusal } from './refusal.ts'
import { hubSettings } from './settings.ts'
import { whatIsMissing } from './what-is-missing.ts'

/** Throws UserError if the path exists but cannot be read. */
async function isModelPath(path: string): Promise<boolean> {
  const found = await ifThere(stat(path), `cannot read ${path}`)
  return found?.isDirectory() || (found?.isFile() === true && /\.gguf$/i.test(path))
}

/**
 * The path of a model: a folder or GGUF file as it is, or the cached folder of a model on the Hub,
 * `owner/name[@revision]`. A model that was pulled before is used without a request; `pullModel`
 * updates it. Throws UserError if there is neither.
 */
export async function resolveModel(
  model: string,
  options: PullOptions = {},
  events: TransferEvents = {},
): Promise<string> {
  if (await isModelPath(model)) return model
  const name = readModelName(model)
  if (!name) {
    throw new UserError(
      `there is no folder ${model}: give the folder of a model, a GGUF file, ` +
        'or a model on the Hugging Face Hub as OWNER/NAME',
    )
  }
  const { cacheDir } = await hubSettings(options)
  const kept = await new ModelCache(cacheDir, name).find()
  if (kept && !(await whatIsMissing(kept, options.include))) return kept
  const { pullModel } = await import('./pull.ts')
  try {
    return await pullModel(model, options, events)
  } catch (error) {
    const isUnknown = error instanceof HubRefusal && [401, 404].includes(error.status)
    throw isUnknown ? new UserError(`there is no folder ${model}, and ${error.message}`) : error
  }
}
