import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { ifThere } from './file-error.ts'
import { PENDING } from './promote.ts'

/** Files that every promotion replaces unless nothing but weights changes. */
const DESCRIPTIONS = ['config.json', 'adapter_config.json', 'tokenizer.json']

/** As many promotions may come in the way of one reading. */
const TRIES = 100

/** What was read, and which model it is of: equal for two readings of one description. */
export interface Whole<T> {
  value: T
  description: string
}

/**
 * Reads one model of a folder, although it may be replaced meanwhile, or may have been by a process
 * that was killed (see `promote`). `read` is given the folder where that model's files lie, and may
 * be called again: each time for another model, in full. `discard` is given what is not needed
 * then.
 *
 * Nothing is written: the folder may be another's. Throws what `read` throws of a folder that
 * nobody changed meanwhile.
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

/** Where the files of a folder's model lie as long as nobody changes it. Throws UserError. */
export async function rootOf(folder: string): Promise<string> {
  const pending = join(folder, PENDING)
  return (await ifThere(stat(pending), `cannot read ${folder}`)) ? pending : folder
}
