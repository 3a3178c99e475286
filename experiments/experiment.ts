import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { UserError } from '../src/errors.ts'
import { fileError } from '../src/files/file-error.ts'

/**
 * A claim, and how it is measured: `run` measures a cell once for each seed. Every result is
 * written when it is there and is not computed again, so that an experiment can be stopped and
 * resumed at any time.
 */
export interface Experiment<
  O extends z.ZodRawShape = z.ZodRawShape,
  S extends object = object,
  R extends object = object,
> {
  name: string
  /** What is measured, in a sentence. */
  summary: string
  /** Options of its own, with defaults, and what `--help` says of each. */
  options: O
  help: Readonly<Record<keyof O & string, string>>
  /**
   * Settings of each cell by its name: all that its result depends on besides the seed, since a
   * cell runs again when one of them changes.
   */
  cells(options: z.output<z.ZodObject<O>>): Readonly<Record<string, S>>
  /** Measures one cell. Must be a function of settings and seed, and throw the signal's reason. */
  run(settings: S, context: CellContext): Promise<R>
  /** All results, those of one cell in the order of seeds, as Markdown. */
  summarize(results: readonly CellResult<S, R>[]): string
}

export interface CellContext {
  seed: number
  /** An empty folder, removed after the cell. */
  folder: string
  signal: AbortSignal
  /** Tells the user a line. */
  report(line: string): void
  /** The folder of the data sets. */
  dataDir: string
  /** The text of a file in the data folder. Throws UserError where it is missing. */
  read(path: string, encoding?: BufferEncoding): Promise<string>
}

export interface CellResult<S extends object = object, R extends object = object> {
  cell: string
  seed: number
  settings: S
  /** Of the code that ran; `+` where it was changed after. */
  commit: string
  seconds: number
  result: R
}

/** Any experiment: its settings and results are known to itself alone. */
export const defineExperiment = <O extends z.ZodRawShape, S extends object, R extends object>(
  experiment: Experiment<O, S, R>,
): Experiment => experiment as unknown as Experiment

/** A reader of files below `folder`. */
export const dataReader =
  (folder: string): CellContext['read'] =>
  async (path, encoding = 'utf8') => {
    try {
      return await readFile(join(folder, path), encoding)
    } catch (error) {
      const refused = fileError(error, `cannot read ${join(folder, path)}`)
      if (!(refused instanceof UserError)) throw error
      throw new UserError(`${refused.message}; name the folder of the data sets with --data-dir`)
    }
  }
