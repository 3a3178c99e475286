import { stat } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { ifThere } from '../files/file-error.ts'
import { ModelCache } from './model-cache.ts'
import { readModelName } from './model-name.ts'
import type { PullOptions, TransferEvents } from './options.ts'
import { HubRefusal } from './refusal.ts'
import { hubSettings } from './settings.ts'
import { whatIsMissing } from './what-is-missing.ts'

/** Throws UserError where there is something of that name that cannot be looked at. */
async function isModelPath(path: string): Promise<boolean> {
  const found = await ifThere(stat(path), `cannot read ${path}`)
  return found?.isDirectory() || (found?.isFile() === true && /\.gguf$/i.test(path))
}

/**
 * The folder of a model: a folder itself (or a GGUF file), or a model on the Hub,
 * `owner/name[@revision]`. One that was pulled before is used as it is, without a request;
 * `pullModel` brings it up to date. Throws UserError where it is neither.
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
      'there is no folder ' +
        `${model}: name the folder of a model, a GGUF file, or a model on the Hugging Face Hub as OWNER/NAME`,
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
