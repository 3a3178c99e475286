import { UserError } from '../errors.ts'
import type { Files } from '../files/folder.ts'
import type { OnResume } from '../options.ts'
import type { Tensors } from '../runtime/bound.ts'
import {
  type Checkpoint,
  newestCheckpoint,
  promoteCheckpoint,
  removeCheckpointsAfter,
  saveCheckpoint,
} from './checkpoint-files.ts'
import {
  changedOptions,
  type OptionValues,
  partsThatDiffer,
  type ResumeTable,
} from './on-resume.ts'
import type { Trainer } from './trainer.ts'
import { type Progress, readProgress, restoreVectors, trainingFiles } from './training-state.ts'

export interface CheckpointsOptions {
  out: string
  keep: number
  /** What a resumed run must share, by name. */
  identity: Record<string, unknown>
  /** What was asked for, and what becomes of each option when it is another on resumption. */
  options: OptionValues
  onResume: ResumeTable
  /** The files of the model's own. */
  modelFiles(parameters: Tensors): Files
}

export interface Saved extends Checkpoint {
  progress: Progress
}

/** The newest checkpoint with its progress. Throws UserError where there is none. */
async function newestSaved(out: string, options?: { verify: boolean }): Promise<Saved> {
  const checkpoint = await newestCheckpoint(out, options)
  if (!checkpoint) throw new UserError(`${out} holds no checkpoint to resume; leave out --resume`)
  return { ...checkpoint, progress: await readProgress(checkpoint.folder) }
}

/** Whether `out` holds a training that was interrupted before its last step. */
export async function isUnfinished(out: string): Promise<boolean> {
  const checkpoint = await newestCheckpoint(out)
  if (!checkpoint) return false
  const { step, steps, due } = await readProgress(checkpoint.folder)
  return step < steps || due
}

/**
 * Throws UserError where the training in `out` cannot resume with these options, or its checkpoint
 * is damaged (all of it is read); reports the others that changed.
 */
export async function checkResumedOptions(
  out: string,
  options: OptionValues,
  onResume: ResumeTable,
  report: (text: string) => void = () => {},
): Promise<void> {
  const { progress } = await newestSaved(out, { verify: true })
  const changed = (kind: OnResume) => changedOptions(onResume, kind, progress.options, options)
  const fixed = changed('fixed')
  if (fixed.length > 0) throw cannotResume(out, fixed)
  const changeable = changed('changeable')
  if (changeable.length > 0) report(`resuming with other options: ${changeable.join('; ')}`)
}

/** Differences that are shown; more are counted. */
const SHOWN = 8

const cannotResume = (out: string, differences: readonly string[]): UserError => {
  const more = differences.length > SHOWN ? [`${differences.length - SHOWN} more`] : []
  return new UserError(
    'cannot resume the training ' +
      `in ${out}: ${[...differences.slice(0, SHOWN), ...more].join('; ')}. Give what it was ` +
      'started with, or choose another --out',
  )
}

/** As it is read back: without what is undefined. */
const asSaved = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The checkpoints of one training: saving, and going back to one. */
export class Checkpoints {
  readonly #options: CheckpointsOptions
  #trainer: Trainer | undefined

  constructor(options: CheckpointsOptions) {
    this.#options = options
  }

  attach(trainer: Trainer): void {
    this.#trainer = trainer
  }

  /** The checkpoint to resume from. Throws UserError where there is none, or it is another's. */
  async newest(): Promise<Saved> {
    const { out, identity, options, onResume } = this.#options
    const saved = await newestSaved(out)
    const { progress } = saved
    const parts = partsThatDiffer(progress.identity, asSaved(identity))
    if (parts.length === 0) return saved
    const derived = changedOptions(onResume, 'derived', progress.options, options)
    throw cannotResume(out, derived.length > 0 ? derived : parts)
  }

  async save(progress: Omit<Progress, 'identity' | 'options'>, best: boolean): Promise<void> {
    const { out, keep, identity, options } = this.#options
    const trainer = this.#attached
    const own = this.#options.modelFiles(trainer.parameters)
    const state = trainingFiles({ ...progress, identity, options }, trainer.vectors)
    const checkpoint = await saveCheckpoint(out, trainer.step, { ...own, ...state }, { keep })
    if (best) await promoteCheckpoint(out, checkpoint, Object.keys(own))
  }

  /** Fills the trainer from `saved` or the newest checkpoint; undefined where there is none. */
  async restore(saved?: Saved): Promise<Progress | undefined> {
    const checkpoint = saved ?? (await newestCheckpoint(this.#options.out, { verify: true }))
    if (!checkpoint) return undefined
    const progress = saved?.progress ?? (await readProgress(checkpoint.folder))
    await restoreVectors(checkpoint.folder, this.#attached.vectors)
    this.#attached.step = progress.step
    await removeCheckpointsAfter(this.#options.out, progress.step)
    return progress
  }

  get #attached(): Trainer {
    if (!this.#trainer) throw new Error('attach(trainer) comes first')
    return this.#trainer
  }
}
