import { UserError } from '../errors.ts'
import { parseOptions } from '../options.ts'
import { fetchBlob } from './download.ts'
import { hubFetch } from './hub-fetch.ts'
import { ModelCache } from './model-cache.ts'
import { type ModelName, parseModelName } from './model-name.ts'
import { type PullOptions, pullOptions, type TransferEvents } from './options.ts'
import { type RemoteFile, type RemoteModel, readRemoteModel } from './remote-model.ts'
import { isReserved } from './safe-path.ts'
import { isWeights, selectFiles } from './select-files.ts'
import { hubSettings } from './settings.ts'
import { whatIsMissing } from './what-is-missing.ts'

/**
 * Fetches a model from the Hugging Face Hub, `owner/name[@revision]`, into Hugging Face's own
 * cache, and resolves with its folder there. Without `include` it fetches what `load` needs:
 * settings, tokenizer, weights in safetensors. Cached files are not fetched again, and an
 * interrupted download resumes. Every checksum is verified; the folder never has part of a file.
 *
 * Throws UserError, which says what to do, if the model is unavailable.
 *
 * @example
 * const model = await load(await pullModel('HuggingFaceTB/SmolLM2-135M'))
 */
export async function pullModel(
  model: string,
  { signal, ...options }: PullOptions = {},
  events: TransferEvents = {},
): Promise<string> {
  const parsed = parseOptions(pullOptions, options)
  const parts = parseModelName(model)
  const { name } = parts
  const hub = await hubSettings(parsed)
  const cache = new ModelCache(hub.cacheDir, parts)
  if (hub.offline) return keptSnapshot(cache, parts, parsed.include)
  signal?.throwIfAborted()
  const fetch = hubFetch(parts, hub, signal)
  const remote = await readRemoteModel(parts, hub, fetch)
  const files = chooseFiles(remote, name, parsed)
  await cache.prepare()
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let before = 0
  for (const file of files) {
    await fetchBlob(file, cache, {
      source: { name, commit: remote.commit, hub, fetch },
      onBytes: (count) => events.onProgress?.({ file: file.path, done: before + count, total }),
      onMessage: events.onMessage,
      signal,
    })
    before += file.size
  }
  for (const file of files) await cache.link(remote.commit, file)
  await cache.remember(remote.commit)
  return cache.snapshot(remote.commit)
}

async function keptSnapshot(
  cache: ModelCache,
  { name, revision }: ModelName,
  include: readonly string[],
): Promise<string> {
  const folder = await cache.find()
  const missing = folder ? await whatIsMissing(folder, include) : 'everything'
  if (folder && !missing) return folder
  throw new UserError(
    `${name}, revision ${revision}: the cache lacks ${missing}, and HF_HUB_OFFLINE forbids ` +
      `to fetch it: unset it, or run chatwright pull ${name} with a network`,
  )
}

function chooseFiles(
  { files }: RemoteModel,
  name: string,
  selection: { include: readonly string[]; exclude: readonly string[] },
): RemoteFile[] {
  const paths = files.map(({ path }) => path)
  const chosen = new Set(selectFiles(paths, selection))
  const reserved = [...chosen].find(isReserved)
  if (reserved !== undefined) {
    throw new UserError(
      `${name} has a file whose name is invalid on some systems, ${reserved}: ` +
        'leave it out with --exclude',
    )
  }
  const isUsable = selection.include.length > 0 ? chosen.size > 0 : [...chosen].some(isWeights)
  if (isUsable) return files.filter(({ path }) => chosen.has(path))
  throw new UserError(`${name} has ${whatElse(paths, selection.include)}`)
}

/** Says why no file was chosen, and what to do. */
function whatElse(paths: readonly string[], include: readonly string[]): string {
  const some = paths.length > 20 ? [...paths.slice(0, 20), '...'] : paths
  const list = some.length > 0 ? `its files are ${some.join(', ')}` : 'it is empty'
  if (include.length > 0) return `no file that matches ${include.join(' or ')}: ${list}`
  const has = (pattern: RegExp) => paths.some((path) => pattern.test(path))
  if (has(/\.gguf$/)) return "no weights in safetensors: name one with --include, as '*Q8_0.gguf'"
  if (has(/^adapter_model\.safetensors$/))
    return "only an adapter, to be used with a model: fetch it with --include 'adapter_*'"
  if (has(/\.(bin|pt|pth|ckpt)$/))
    return (
      'only pickled weights, which could run code and are never read: look for a copy in ' +
      'safetensors, or convert it with https://huggingface.co/spaces/safetensors/convert'
    )
  return `no weights in safetensors: ${list}`
}
