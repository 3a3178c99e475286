import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { findDamage } from '../../files/hashed-files.ts'
import { withLock } from '../../files/lock.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { tokenizerHash } from '../../text/hash.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { Report } from '../sources/data-event.ts'
import { buildDataset } from './build-dataset.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { type PlanOptions, planDataset, planDifference, planHash } from './plan.ts'
import { openTokenFile, type TokenFile } from './token-file.ts'

export interface DatasetOptions extends PlanOptions {
  /** The dataset's own folder, such as `OUT/data`. */
  folder: string
  /** The folder holds many datasets, each in one of its own, which several runs may share. */
  isShared?: boolean
  /** When the folder holds other data: make it anew (default), or refuse, as a resumed run must. */
  whenChanged?: 'rebuild' | 'refuse'
  report?: Report
  /** Ends the waiting for another run, and throws its reason. */
  signal?: AbortSignal | undefined
}

/** Tokenized data, ready to be read. */
export interface Dataset {
  readonly train: TokenFile
  readonly validation: TokenFile | undefined
  readonly manifest: Manifest
  /** Of what it was made from. */
  readonly hash: string
  close(): void
}

/**
 * Tokenizes a corpus into `folder`, once: where the folder already holds the same sources, split
 * and tokenizer, it is opened as it is. A new one is written aside and renamed. Throws UserError
 * when the data is not text, changes while it is read, does not fit on the disk, or is the same for
 * training and validation.
 */
export async function prepareDataset(options: DatasetOptions): Promise<Dataset> {
  const { folder: all, isShared, report, signal } = options
  if (!isShared) return prepareIn(options)
  const name = planHash(await planDataset(options)).slice(0, 16)
  await makeFolder(all)
  // Of runs that begin together, the first tokenizes and the others wait.
  return withLock(
    join(all, `.${name}.lock`),
    () => prepareIn({ ...options, folder: join(all, name) }),
    { signal, onWait: () => report?.({ kind: 'waiting', folder: all }) },
  )
}

async function prepareIn(options: DatasetOptions): Promise<Dataset> {
  const { folder, tokenizer, whenChanged = 'rebuild' } = options
  const found = await readManifest(folder)
  const plan = await planDataset(options, found)
  const difference = found && planDifference(found, plan)
  if (found && !difference) {
    try {
      return await openParts(folder, found, { verify: true })
    } catch (error) {
      if (whenChanged === 'refuse' || !(error instanceof UserError)) throw error
    }
  }
  if (found && difference && whenChanged === 'refuse') {
    throw new UserError(
      `${folder} was made from other data: ${difference}. Give the same data as before, or start ` +
        'a new run in another folder',
    )
  }
  await buildDataset(folder, options, plan, options.report)
  return openDataset(folder, tokenizer, { verify: false })
}

/**
 * Opens what `prepareDataset` made, without its sources. `verify` (default) reads all of it, to see
 * that no byte has changed since. Throws UserError for another tokenizer, or where the data is
 * damaged.
 */
export async function openDataset(
  folder: string,
  tokenizer: Tokenizer,
  { verify = true }: { verify?: boolean } = {},
): Promise<Dataset> {
  const manifest = await readManifest(folder)
  if (!manifest) {
    throw new UserError(`${folder} holds no tokenized data; name the sources it is to be made from`)
  }
  if (manifest.tokenizer !== tokenizerHash(tokenizer)) {
    throw new UserError(
      `${folder} was tokenized with another tokenizer; delete it, and name its sources again`,
    )
  }
  return openParts(folder, manifest, { verify })
}

async function openParts(
  folder: string,
  manifest: Manifest,
  options: { verify: boolean },
): Promise<Dataset> {
  const damage = await findDamage(folder, manifest.files, options)
  if (damage)
    throw new UserError(
      `${folder} is damaged: ${damage}; delete the folder, and it is made anew from its sources`,
    )
  const { parts, dtype, vocabSize } = manifest
  const open = (part: 'train' | 'validation') => {
    const counts = parts[part]
    return counts && openTokenFile(folder, { part, counts, dtype, vocabSize })
  }
  const train = (await open('train')) as TokenFile
  try {
    const validation = await open('validation')
    const close = () => {
      train.close()
      validation?.close()
    }
    return { train, validation, manifest, hash: planHash(manifest), close }
  } catch (error) {
    train.close()
    throw error
  }
}
