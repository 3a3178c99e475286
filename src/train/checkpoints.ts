import { UserError } from '../errors.ts'
import type { Files } from '../files/folder.ts'
import {
  type Checkpoint,
  newestCheckpoint,
  promoteCheckpoint,
  removeCheckpointsAfter,
  saveCheckpoint,
} from './checkpoint-files.ts'
import type { ParameterVector } from './parameter-store.ts'
import type { Trainer } from './trainer.ts'
import { type Progress, readProgress, restoreVectors, trainingFiles } from './training-state.ts'

export interface CheckpointsOptions {
  out: string
  keep: number
  /** Options that a resumed run must share, by name. */
  identity: Record<string, unknown>
  /** The files of the model's own. */
  modelFiles(values: ParameterVector): Files
}

export const noCheckpoint = (out: string): UserError =>
  new UserError(`${out} holds no checkpoint to resume; leave out --resume`)

export interface Saved extends Checkpoint {
  progress: Progress
}

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
    const { out, identity } = this.#options
    const checkpoint = await newestCheckpoint(out)
    if (!checkpoint) throw noCheckpoint(out)
    const progress = await readProgress(checkpoint.folder)
    for (const [name, value] of Object.entries(identity)) {
      const before = JSON.stringify(progress.identity[name])
      if (before !== JSON.stringify(value))
        throw new UserError(
          `the training in ${out} was started with ${name} ${before}, not ${JSON.stringify(value)}; resume it with the same, or choose another --out`,
        )
    }
    return { ...checkpoint, progress }
  }

  /** Refuses to begin anew where a training stands. */
  async refuseOld(): Promise<undefined> {
    const { out } = this.#options
    const old = await newestCheckpoint(out)
    if (old)
      throw new UserError(
        `${out} holds a training at step ${old.step}; go on with --resume, or choose another --out`,
      )
  }

  async save(progress: Omit<Progress, 'identity'>, best: boolean): Promise<void> {
    const { out, keep, identity } = this.#options
    const trainer = this.#attached
    const own = this.#options.modelFiles(trainer.values)
    const state = trainingFiles({ ...progress, identity }, trainer.vectors)
    const checkpoint = await saveCheckpoint(out, trainer.step, { ...own, ...state }, { keep })
    if (best) await promoteCheckpoint(out, checkpoint, Object.keys(own))
  }

  /** Fills the trainer from `saved`, or from the newest checkpoint; undefined where there is none. */
  async restore(saved?: Saved): Promise<Progress | undefined> {
    const checkpoint = saved ?? (await newestCheckpoint(this.#options.out))
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
