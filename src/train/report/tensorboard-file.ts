import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from '../../files/file-error.ts'
import type { Metrics } from './metrics.ts'
import { metricsEvent, restartEvent, versionEvent } from './tensorboard.ts'

export interface EventFile {
  write(metrics: Metrics): void
  close(): void
}

/**
 * A new TensorBoard event file in `folder` (`tensorboard --logdir FOLDER` shows it). With
 * `resumeAt`, TensorBoard drops what the files before it say of later steps. Throws UserError.
 */
export const openEvents = (
  folder: string,
  { resumeAt = 0 }: { resumeAt?: number } = {},
): EventFile => {
  const started = Date.now()
  const name = `events.out.tfevents.${Math.floor(started / 1000)}.chatwright.${process.pid}.${started % 1000}`
  const path = join(folder, name)
  const attempt = <T>(operation: () => T): T => {
    try {
      return operation()
    } catch (error) {
      throw fileError(error, `cannot write ${path}`)
    }
  }
  const file = attempt(() => {
    mkdirSync(folder, { recursive: true })
    return openSync(path, 'a')
  })
  const append = (bytes: Uint8Array) => attempt(() => writeSync(file, bytes))
  append(versionEvent(started / 1000))
  append(restartEvent(started / 1000, resumeAt + 1))
  return {
    write: (metrics) => append(metricsEvent(Date.now() / 1000, metrics)),
    close: () => closeSync(file),
  }
}
