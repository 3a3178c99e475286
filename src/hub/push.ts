import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CommitProgressEvent } from '@huggingface/hub'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { rootOf } from '../files/read-whole.ts'
import { parseOptions } from '../options.ts'
import { hubFetch } from './hub-fetch.ts'
import { parseModelName } from './model-name.ts'
import { type PushOptions, pushOptions, type TransferEvents } from './options.ts'
import { HubRefusal } from './refusal.ts'
import { matchesAny, modelFilesOf } from './select-files.ts'
import { hubSettings } from './settings.ts'

export interface PushResult {
  /** The page of the model. */
  url: string
  commit: string
  files: string[]
}

/** Pushed along with a model's own files. */
const ALSO = ['README.md', 'LICENSE*', 'adapter_*', '*.gguf']

/**
 * Uploads the files of a model folder to the Hugging Face Hub as `owner/name`, in one commit: all
 * of them or none. Creates the repository if there is none. Files that are not part of a model,
 * such as checkpoints, are left out. Throws UserError that says what to do.
 */
export async function pushModel(
  folder: string,
  model: string,
  { signal, ...options }: PushOptions = {},
  events: TransferEvents = {},
): Promise<PushResult> {
  const parsed = parseOptions(pushOptions, options)
  const target = parseModelName(model)
  const { name, revision } = target
  const hub = await hubSettings(parsed)
  if (hub.offline) throw new UserError('HF_HUB_OFFLINE forbids to push: unset it')
  if (!hub.token) {
    throw new UserError(
      `to push ${name}, set HF_TOKEN to a token that may write, ` +
        `from ${hub.endpoint}/settings/tokens`,
    )
  }
  const root = await rootOf(folder)
  const sizes = await modelSizes(root)
  signal?.throwIfAborted()
  const fetch = hubFetch(target, hub, signal)
  const access = { hubUrl: hub.endpoint, accessToken: hub.token, fetch }
  await ensureRepo(name, access, parsed.private)
  const { commitIter } = await import('@huggingface/hub')
  const commit = commitIter({
    ...access,
    repo: name,
    branch: revision,
    title: parsed.message,
    operations: [...sizes.keys()].map((path) => ({
      operation: 'addOrUpdate',
      path,
      content: pathToFileURL(join(root, path)),
    })),
    // The other protocol, Xet, is an optimization: every repository accepts LFS uploads.
    useXet: false,
    abortSignal: signal,
  })
  const tell = progressOf(sizes, events)
  let step = await commit.next()
  for (; !step.done; step = await commit.next()) tell(step.value)
  const { oid = '' } = step.value?.commit ?? {}
  return { url: `${hub.endpoint}/${name}`, commit: oid, files: [...sizes.keys()] }
}

/** Files of a model folder with their sizes in bytes. Throws UserError if it has no model. */
async function modelSizes(folder: string): Promise<Map<string, number>> {
  const names = await readdir(folder).catch((error) => {
    throw fileError(error, `cannot read ${folder}`)
  })
  const own = modelFilesOf(names)
  const files = names.filter((file) => own.includes(file) || matchesAny(ALSO, file))
  const isModel = files.some((file) => /^(adapter_)?config\.json$|\.gguf$/.test(file))
  if (!isModel) {
    throw new UserError(`${folder} has no config.json: give the folder of a model`)
  }
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, (await stat(join(folder, file))).size] as const),
    ),
  )
}

async function ensureRepo(
  name: string,
  access: { hubUrl: string; accessToken: string; fetch: typeof fetch },
  isPrivate: boolean,
): Promise<void> {
  const { createRepo, modelInfo } = await import('@huggingface/hub')
  try {
    await createRepo({ ...access, repo: name, visibility: isPrivate ? 'private' : undefined })
  } catch (error) {
    const isConflict = error instanceof HubRefusal && error.status === 409
    const isForbidden = error instanceof HubRefusal && error.status === 403
    if (!isConflict && !isForbidden) throw error
    // Someone who may not create a repository may still be allowed to write to this one.
    const there = await modelInfo({ ...access, name }).catch(() => Promise.reject(error))
    if (!isPrivate || there.private) return
    throw new UserError(
      `${name} already exists, and everybody can see it: make it private at ` +
        `${access.hubUrl}/${name}/settings, or push without --private`,
    )
  }
}

/** Reports the bytes of all files from the shares of each. */
function progressOf(sizes: ReadonlyMap<string, number>, { onProgress }: TransferEvents) {
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const shares = new Map<string, number>()
  return (event: CommitProgressEvent): void => {
    if (event.event !== 'fileProgress' || event.state !== 'uploading') return
    shares.set(event.path, event.progress)
    const done = [...shares].reduce((sum, [path, share]) => sum + share * (sizes.get(path) ?? 0), 0)
    onProgress?.({ file: event.path, done: Math.round(done), total })
  }
}
