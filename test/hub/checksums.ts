import { createHash } from 'node:crypto'

/** From this size on a file is kept by Git LFS. */
export const LARGE = 1000

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')
export const gitSha1 = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
export const oidOf = (bytes: Uint8Array): string =>
  bytes.length < LARGE ? gitSha1(bytes) : sha256(bytes)
