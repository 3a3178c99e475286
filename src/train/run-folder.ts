import { readdir, rmdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { LOCK, whileWriting } from '../files/lock.ts'
import { makeFolder } from '../files/make-folder.ts'
import { finishPromotion, PENDING } from '../files/promote.ts'
import { newestCheckpoint } from './checkpoint-files.ts'

/** What a run leaves that ends before its first checkpoint; the next run replaces it. */
const REMAINS = [
  'checkpoints',
  'data',
  'teacher',
  'generated',
  'metrics.jsonl',
  'tensorboard',
  'loss.svg',
]

/**
 * Does the work of a training in the folder `out`, which no other run writes meanwhile. Throws
 * UserError where one does, or where a new training would replace what it holds.
 */
export async function inRunFolder<T>(
  { out, resume }: { out: string; resume: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const isNew = await makeFolder(out)
  try {
    return await whileWriting({ target: out, path: join(out, LOCK) }, async () => {
      if (resume) await finishPromotion(out)
      else await refuseUsed(out)
      return await work()
    })
  } finally {
    // A training that was refused leaves nothing.
    if (isNew) await rmdir(out).catch(() => {})
  }
}

/**
 * Throws UserError where a training's result would take the place of the model that it starts from.
 */
export function refuseOverwriting(out: string, model: string | undefined): void {
  if (model !== undefined && resolve(model) === resolve(out))
    throw new UserError(`out is ${out}, the model that is trained further; choose another folder`)
}

async function refuseUsed(out: string): Promise<void> {
  const old = await newestCheckpoint(out)
  if (old)
    throw new UserError(
      `${out} holds a training at step ${old.step}; resume it with --resume, or choose another ` +
        '--out',
    )
  const names = await readdir(out).catch((error) => {
    throw fileError(error, `cannot read ${out}`)
  })
  const isRemains = (name: string) =>
    (name.startsWith('.') && name !== PENDING) || REMAINS.includes(name.replace(/\.tmp$/, ''))
  const found = names.filter((name) => !isRemains(name)).sort()
  if (found.length === 0) return
  const isModel = found.some((name) => /^(adapter_)?config\.json$/.test(name))
  const more = found.length > 3 ? `, and ${found.length - 3} more` : ''
  const what = isModel ? 'a model' : `${found.slice(0, 3).join(', ')}${more}`
  throw new UserError(
    `${out} holds ${what}: a training does not replace what is there. Choose another --out, or ` +
      'move it away',
  )
}
