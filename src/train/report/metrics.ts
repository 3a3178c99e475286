import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileError } from '../../files/file-error.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { replaceFile } from '../../files/write-aside.ts'
/** Measurements of a step: each is optional, and others may be added by name. */
export interface Metrics {
  /** Updates done so far: the first record of a training has step 1. */
  step: number
  loss?: number
  validationLoss?: number
  learningRate?: number
  gradientNorm?: number
  tokensPerSecond?: number
  /** Share of the machine's measured peak, 0 to 1. */
  peakShare?: number
  /** Since training began, pauses between resumed runs left out. */
  seconds?: number
  [name: string]: number | undefined
}

/** One line of `metrics.jsonl`, with its newline. JSON has no NaN or infinity: they are strings. */
const formatMetrics = (metrics: Metrics): string =>
  `${JSON.stringify(metrics, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )}\n`

/** The record of one line; undefined where the line is none, as when a kill cut it short. */
const parseMetrics = (line: string): Metrics | undefined => {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof record !== 'object' || record === null) return undefined
  const entries = Object.entries(record).map(([name, value]) => [name, Number(value)])
  const metrics: Record<string, number> = Object.fromEntries(entries)
  return Number.isSafeInteger(metrics.step) ? (metrics as Metrics) : undefined
}

/** `metrics.jsonl`: one JSON object a line, written at once, so that a kill loses none. */
export interface MetricsFile {
  /** The records that were kept from the runs before. */
  readonly history: readonly Metrics[]
  write(metrics: Metrics): void
  /** Flushes to the disk, safe from a loss of power; called at every checkpoint. */
  sync(): void
  close(): void
}

/**
 * Opens a new file or, with `resumeAt`, continues after that step: records of later steps, which
 * the resumed run repeats, and lines that a kill cut short are dropped. Throws UserError.
 */
export const openMetrics = async (
  path: string,
  { resumeAt = 0 }: { resumeAt?: number } = {},
): Promise<MetricsFile> => {
  const fault = (error: unknown) => fileError(error, `cannot write ${path}`)
  const history = (await readMetrics(path)).filter(({ step }) => step <= resumeAt)
  await makeFolder(dirname(path))
  await replaceFile(path, history.map(formatMetrics).join(''))
  let file: number
  try {
    file = openSync(path, 'a')
  } catch (error) {
    throw fault(error)
  }
  return {
    history,
    write: (metrics) => {
      try {
        writeSync(file, formatMetrics(metrics))
      } catch (error) {
        throw fault(error)
      }
    },
    sync: () => fsyncSync(file),
    close: () => closeSync(file),
  }
}

/** All records of the file, without lines that are none; empty where there is no file. */
export const readMetrics = async (path: string): Promise<Metrics[]> => {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return ''
    throw fileError(error, `cannot read ${path}`)
  })
  return text
    .split('\n')
    .map(parseMetrics)
    .filter((metrics) => metrics !== undefined)
}
