import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { ifThere } from './file-error.ts'
import { PENDING } from './promote.ts'

/** Files that every promotion replaces, unless only the weights change. */
const DESCRIPTIONS = ['config.json', 'adapter_config.json', 'tokenizer.json']

/** How many promotions may interrupt one reading. */
const TRIES = 100

/** What was read; two readings of one model have equal descriptions. */
export interface Whole<T> {
  value: T
  description: string
}

/**
 * Reads one consistent model from a folder, although a run may be replacing it, or was killed while
 * doing so (see `promote`). `read` receives the folder of that model's files. It is called again if
 * the model was replaced meanwhile; `discard` then receives the outdated value.
 *
 * Nothing is written. Throws what `read` throws if nobody changed the folder meanwhile.
 */
export async function readWhole<T>(
  folder: string,
  read: (root: string) => Promise<T>,
  discard: (value: T) => Promise<void> | void = () => {},
): Promise<Whole<T>> {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await look(folder)
    const [outcome] = await Promise.allSettled([read(before.root)])
    const after = await look(folder)
    const isSame = before.root === after.root && before.description === after.description
    if (isSame && outcome.status === 'rejected') throw outcome.reason
    if (outcome.status === 'rejected') continue
    if (isSame) return { value: outcome.value, description: before.description }
    await discard(outcome.value)
  }
  throw new UserError(`${folder} is being replaced again and again; read it when that has ended`)
}

async function look(folder: string): Promise<{ root: string; description: string }> {
  const root = await rootOf(folder)
  const identities = DESCRIPTIONS.map(async (name) => {
    const path = join(root, name)
    const found = await ifThere(stat(path, { bigint: true }), `cannot read ${path}`)
    return found && `${found.ino} ${found.mtimeNs} ${found.size}`
  })
  return { root, description: (await Promise.all(identities)).join() }
}

/** The folder of the model's files, until a writer changes it. Throws UserError. */
export async function rootOf(folder: string): Promise<string> {
  const pending = join(folder, PENDING)
  return (await ifThere(stat(pending), `cannot read ${folder}`)) ? pending : folder
}
