import { UserError } from '../errors.ts'
import type { ModelName } from './model-name.ts'
import { staysInside } from './safe-path.ts'
import type { HubSettings } from './settings.ts'

/** A file of a repository. */
export interface RemoteFile {
  /** With `/` as separator. */
  path: string
  /** In bytes. */
  size: number
  /** SHA-256 of files in Git LFS or Xet, otherwise Git's SHA-1 of a blob. */
  oid: string
}

/** What a repository holds at one commit. */
export interface RemoteModel {
  commit: string
  files: RemoteFile[]
}

/**
 * The files of a model's revision. Throws UserError if the Hub refuses, or if its answer is
 * malformed: everything that becomes part of a local path is checked.
 */
export async function readRemoteModel(
  model: ModelName,
  { endpoint, token }: HubSettings,
  fetch: typeof globalThis.fetch,
): Promise<RemoteModel> {
  const { name, revision } = model
  // Imported on demand: most uses of a model need no request.
  const { listFiles, modelInfo } = await import('@huggingface/hub')
  const access = { hubUrl: endpoint, accessToken: token, fetch }
  const files: RemoteFile[] = []
  const broken = (what: string, cause?: unknown) =>
    new UserError(
      `${endpoint} does not answer as the Hub does about ${name}: ${what}; nothing was downloaded`,
      { cause },
    )
  try {
    const { sha } = await modelInfo({ ...access, name, revision, additionalFields: ['sha'] })
    if (!/^[\da-f]{40}$/.test(sha)) throw broken('a commit without 40 digits')
    for await (const entry of listFiles({
      ...access,
      repo: name,
      revision: sha,
      recursive: true,
    })) {
      if (entry.type !== 'file') continue
      const { path } = entry
      const { oid, size } = entry.lfs ?? entry
      if (!staysInside(path)) throw broken(`a file outside of its folder, ${JSON.stringify(path)}`)
      const isOid = /^([\da-f]{40}|[\da-f]{64})$/.test(oid ?? '')
      if (!oid || !isOid || !Number.isSafeInteger(size) || size < 0)
        throw broken(`${path} without its size and checksum`)
      files.push({ path, size, oid })
    }
    return { commit: sha, files }
  } catch (error) {
    // HTML instead of JSON, or missing fields.
    const isNoAnswer = error instanceof SyntaxError || error instanceof TypeError
    throw isNoAnswer ? broken(error.message, error) : error
  }
}
