import { closeSync, openSync, readSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { cutExamples, type Examples } from '../../data/batch.ts'
import type { ExampleSet } from '../../data/example-set.ts'
import { UserError } from '../../errors.ts'
import { fileError, ifThere } from '../../files/file-error.ts'
import { findDamage, hashedFiles, writtenSchema } from '../../files/hashed-files.ts'
import { parseJson } from '../../files/parse-json.ts'
import { replaceFile, writeFolderAside } from '../../files/write-aside.ts'
import { cast, topK } from '../../graph/index.ts'
import { type Compiled, compile } from '../../runtime/compile.ts'
import type { Engine } from '../../runtime/engine.ts'
import type { TrainingRows } from '../../tasks/task.ts'
import { checkDiskSpace } from '../../train/checkpoint-files.ts'
import { type Teachers, teacherGraph } from './teachers.ts'

/** Tokens that the teachers read at a time. */
const TOKENS = 512
const MANIFEST = 'outputs.json'
const [OUTPUTS, ROWS] = ['outputs.bin', 'rows.bin']

export interface KeptOutputsOptions {
  /** Of their own. */
  folder: string
  engine: Engine
  teachers: Teachers
  rows: TrainingRows
  examples: ExampleSet
  temperature: number
  /** Classes kept of each target, at most. */
  topK: number
  /** What they are computed from: another makes them anew. */
  identity: Record<string, unknown>
  signal?: AbortSignal | undefined
  tell(text: string): void
}

/** What teachers say of all rows, read from a file by position. */
export interface KeptOutputs {
  /** Classes of each target. */
  k: number
  /** The same examples, with `teacherValues` and `teacherIds`, (rows, targets, k) each. */
  examples: ExampleSet
  close(): void
}

const manifestSchema = z.object({
  identity: z.record(z.string(), z.unknown()),
  /** Classes of each target. */
  k: z.number().int().positive(),
  files: writtenSchema,
})

/**
 * Computes what teachers say of all rows, once, or opens what was computed before. `outputs.bin`
 * has k float32 log-probabilities and their k int32 classes for each target that counts, row after
 * row; `rows.bin` has float64 numbers of the targets before each row. Throws UserError where a
 * resumed run finds them damaged, or the disk is too small.
 */
export async function keepOutputs(options: KeptOutputsOptions): Promise<KeptOutputs> {
  const { folder, examples, identity } = options
  const found = await readManifest(folder)
  if (found && JSON.stringify(found.identity) === JSON.stringify(identity)) {
    const damage = await findDamage(folder, found.files, { verify: true })
    if (damage)
      throw new UserError(
        `${folder} is damaged: ${damage}; delete the folder, and the teacher's outputs are ` +
          'computed again',
      )
    return open(folder, examples, found.k)
  }
  await rm(folder, { recursive: true, force: true })
  const k = await write(options)
  return open(folder, examples, k)
}

async function readManifest(folder: string) {
  const path = join(folder, MANIFEST)
  const bytes = await ifThere(readFile(path), `cannot read ${path}`)
  return bytes && manifestSchema.safeParse(parseJson(bytes, path)).data
}

async function write(options: KeptOutputsOptions): Promise<number> {
  const { folder, engine, teachers, rows: task, examples, temperature, identity, tell } = options
  const rows = Math.max(1, Math.floor(TOKENS / task.length))
  const { values } = teacherGraph(teachers, task, { rows, temperature })
  const [targets, classes] = values.shape as [number, number]
  const k = Math.min(classes, options.topK)
  const kept = topK(values, k)
  const each = targets / rows
  await checkDiskSpace(join(folder, '..'), 8 * k * each * examples.count, "the teacher's outputs")
  tell(
    `the teacher reads ${examples.count} rows once; of each target, ` +
      `${k === classes ? `all ${k}` : `the ${k} likeliest of ${classes}`} classes are kept`,
  )
  const program = await compile(
    engine,
    { values: kept.values, classes: cast(kept.indices, 'int32') },
    { weights: { live: teachers.weights }, label: 'teacher' },
  )
  try {
    const { outputs, starts } = readAll(program, { ...options, passRows: rows, each, k })
    const { files, written } = hashedFiles({ [OUTPUTS]: outputs, [ROWS]: starts })
    await writeFolderAside(folder, files)
    // Last, so that a folder with a manifest is whole.
    const manifest = { identity, k, files: written }
    await replaceFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
    return k
  } finally {
    program.dispose()
  }
}

/** The contents of both files, to be read one after the other. */
function readAll(
  program: Compiled<'values' | 'classes'>,
  options: KeptOutputsOptions & { passRows: number; each: number; k: number },
) {
  const { examples, passRows, each, k, signal } = options
  const starts = new Float64Array(examples.count + 1)

  async function* outputs(): AsyncGenerator<Uint8Array> {
    for (let row = 0; row < examples.count; row += passRows) {
      const numbers = Array.from(
        { length: Math.min(passRows, examples.count - row) },
        (_, i) => row + i,
      )
      const batch = examples.collate(numbers)
      const [arrays] = cutExamples(batch, passRows)
      const { values, classes } = await program({ ...arrays }, { signal })
      await expectFinite(program, values)
      for (const [i, counted] of countedTargets(batch).entries()) {
        const record = new ArrayBuffer(8 * k * counted.length)
        const [ownValues, ownIds] = views(record)
        for (const [at, target] of counted.entries()) {
          const from = (i * each + target) * k
          ownValues.set((values as Float32Array).subarray(from, from + k), at * k)
          ownIds.set((classes as Int32Array).subarray(from, from + k), at * k)
        }
        starts[row + i + 1] = (starts[row + i] as number) + counted.length
        yield new Uint8Array(record)
      }
    }
  }
  async function* rows(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(starts.buffer)
  }
  return { outputs: outputs(), starts: rows() }
}

async function expectFinite(
  program: Compiled<'values' | 'classes'>,
  values: ArrayLike<unknown>,
): Promise<void> {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) throw await program.fault('values')
}

/** The halves of a row's record: log-probabilities, and their classes. */
const views = (record: ArrayBuffer): [Float32Array, Int32Array] => {
  const length = record.byteLength / 8
  return [new Float32Array(record, 0, length), new Int32Array(record, 4 * length, length)]
}

/** The targets of each row that count, by number. */
function countedTargets({ rows, arrays }: Examples): number[][] {
  const targets = arrays.targets as Int32Array | Float32Array
  const each = targets.length / rows
  return Array.from({ length: rows }, (_, row) => {
    const own = targets.subarray(row * each, (row + 1) * each)
    const isCounted = (target: number) => own instanceof Float32Array || target >= 0
    return Array.from(own.keys()).filter((i) => isCounted(own[i] as number))
  })
}

async function open(folder: string, examples: ExampleSet, k: number): Promise<KeptOutputs> {
  const path = join(folder, OUTPUTS)
  const bytes = await readFile(join(folder, ROWS))
  const starts = new Float64Array(Uint8Array.from(bytes).buffer)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw fileError(error, `cannot open ${path}`)
  }
  const read = (row: number): [Float32Array, Int32Array] => {
    const [start, end] = [starts[row] as number, starts[row + 1] as number]
    const record = new Uint8Array(8 * k * (end - start))
    if (readSync(file, record, 0, record.length, 8 * k * start) < record.length)
      throw new UserError(`${path} ends within row ${row}; delete its folder`)
    return views(record.buffer)
  }
  return {
    k,
    close: () => closeSync(file),
    examples: {
      ...examples,
      collate: (indices) => {
        const numbers = inBatchOrder(indices, examples)
        const batch = examples.collate(numbers)
        const size = (batch.arrays.targets as Int32Array).length * k
        const [teacherValues, teacherIds] = [new Float32Array(size), new Int32Array(size)]
        for (const [i, counted] of countedTargets(batch).entries()) {
          const [values, ids] = read(numbers[i] as number)
          for (const [at, target] of counted.entries()) {
            const to = ((i * size) / k / batch.rows + target) * k
            teacherValues.set(values.subarray(at * k, (at + 1) * k), to)
            teacherIds.set(ids.subarray(at * k, (at + 1) * k), to)
          }
        }
        return { ...batch, arrays: { ...batch.arrays, teacherValues, teacherIds } }
      },
    },
  }
}

/** A batch of several sources has the rows of each together, see `joinSets`. */
function inBatchOrder(indices: readonly number[], { parts = [] }: ExampleSet): readonly number[] {
  let end = 0
  const ends = parts.map(({ count }) => {
    end += count
    return end
  })
  const partOf = (index: number) => ends.findIndex((end) => index < end)
  return [...indices].sort((a, b) => partOf(a) - partOf(b))
}
