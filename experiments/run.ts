import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { UserError } from '../src/errors.ts'
import { ifThere } from '../src/files/file-error.ts'
import { whileWriting } from '../src/files/lock.ts'
import { makeFolder } from '../src/files/make-folder.ts'
import { parseJson } from '../src/files/parse-json.ts'
import { replaceFile } from '../src/files/write-aside.ts'
import { type CellResult, dataReader, type Experiment } from './experiment.ts'

/** Options of every experiment. */
export const commonOptions = {
  seeds: z
    .string()
    .regex(/^\d+(,\d+)*$/, 'expected whole numbers with commas between them: 1,2,3')
    .default('1,2,3'),
  /** Default: experiments/results/NAME.json. */
  out: z.string().min(1).optional(),
  /** Part of the names of the cells that run; default: all. */
  only: z.string().default(''),
  dataDir: z.string().min(1).default('../shared/data'),
}

export type RunOptions = z.output<z.ZodObject<typeof commonOptions>> & Record<string, unknown>

export interface RunEvents {
  signal: AbortSignal
  report(line: string): void
}

const resultsFile = z.object({
  experiment: z.string(),
  results: z.array(
    z.object({
      cell: z.string(),
      seed: z.number(),
      settings: z.looseObject({}),
      commit: z.string(),
      seconds: z.number(),
      result: z.looseObject({}),
    }),
  ),
})

/**
 * Measures what is missing of an experiment, cell by cell for one seed after the other, and returns
 * the results of all cells. Each is written to `out` at once. Throws UserError where another run is
 * writing there, and the signal's reason.
 */
export async function runExperiment(
  experiment: Experiment,
  options: RunOptions,
  { signal, report }: RunEvents,
): Promise<CellResult[]> {
  const { name } = experiment
  const { out = join('experiments', 'results', `${name}.json`), only, dataDir } = options
  const cells = Object.entries(experiment.cells(options))
  const chosen = cells.filter(([cell]) => cell.includes(only))
  if (chosen.length === 0)
    throw new UserError(
      `--only ${only}: no cell contains this; the cells are ` +
        cells.map(([cell]) => cell).join('; '),
    )
  const seeds = options.seeds.split(',').map(Number)
  const order = cells.map(([cell]) => cell)
  const commit = currentCommit()
  await makeFolder(dirname(resolve(out)))
  const lock = join(dirname(resolve(out)), `.${basename(out)}.lock`)
  return whileWriting({ target: out, path: lock }, async () => {
    let results = await readResults(out, name)
    for (const seed of seeds)
      for (const [cell, settings] of chosen) {
        const isThis = (one: CellResult) => one.cell === cell && one.seed === seed
        const kept = results.find(isThis)
        // As they are read back: a setting that is undefined is none.
        const written = JSON.parse(JSON.stringify(settings))
        if (kept && isDeepStrictEqual(kept.settings, written)) continue
        signal.throwIfAborted()
        report(`${name}: ${cell}, seed ${seed}`)
        const started = performance.now()
        const folder = await mkdtemp(join(tmpdir(), `chatwright-${name}-`))
        try {
          const read = dataReader(dataDir)
          const context = { seed, folder, signal, report, dataDir, read }
          const result = await experiment.run(settings, context)
          signal.throwIfAborted()
          const seconds = Math.round((performance.now() - started) / 100) / 10
          const measured = { cell, seed, settings: written, commit, seconds, result }
          results = sorted([...results.filter((one) => !isThis(one)), measured], order)
          await replaceFile(out, `${JSON.stringify({ experiment: name, results }, null, 1)}\n`)
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      }
    return results.filter(({ cell }) => order.includes(cell))
  })
}

/** In the order of the cells, then of the seeds; what is of no cell now comes last. */
function sorted(results: readonly CellResult[], order: readonly string[]): CellResult[] {
  const place = ({ cell }: CellResult) =>
    order.includes(cell) ? order.indexOf(cell) : order.length
  return results.toSorted((a, b) => place(a) - place(b) || a.seed - b.seed)
}

/** The results in a file; none if there is no file. */
async function readResults(path: string, name: string): Promise<CellResult[]> {
  const content = await ifThere(readFile(path, 'utf8'), `cannot read ${path}`)
  if (content === undefined) return []
  const { success, data } = resultsFile.safeParse(parseJson(content, path))
  if (!success || data.experiment !== name)
    throw new UserError(`${path}: holds no results of ${name}; choose another file with --out`)
  return data.results
}

/** Of the code in this clone: `1a2b3c4`, or `1a2b3c4+` where files were changed since. */
function currentCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    const changes = git('status', '--porcelain', '--', 'src', 'experiments/*.ts')
    return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
