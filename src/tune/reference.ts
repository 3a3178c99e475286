import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cutExamples } from '../data/batch.ts'
import type { PreferenceSet } from '../data/chat/preference-set.ts'
import { allExamples } from '../data/example-set.ts'
import { UserError } from '../errors.ts'
import { openFile } from '../files/node-file.ts'
import { writeFileAside } from '../files/write-aside.ts'
import { encodeSafetensors, openSafetensors } from '../formats/safetensors/safetensors.ts'
import { input } from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import { answerLogProbabilities } from '../objectives/preference.ts'
import { compile } from '../runtime/compile.ts'
import type { Beginning } from '../tasks/records.ts'
import type { Trained } from '../tasks/task.ts'

const FILE = 'reference.safetensors'

/** Tokens of a forward pass: enough for the matrix products, little enough for the caches. */
const TOKENS = 1024

/**
 * Adds to each set the log-probabilities of its answers under the weights that training starts
 * from, so that the reference model takes no memory during training. They are computed once and
 * kept in the run's folder: a resumed run reads them, since its model may be gone or changed.
 * Throws UserError where they are missing or damaged then, or of other data.
 */
export async function addReference(
  sets: readonly PreferenceSet[],
  start: Trained,
  { folder, tell, resumes }: Beginning,
): Promise<void> {
  const path = join(folder, FILE)
  const examples = examplesHash(sets)
  if (!resumes) {
    const pairs = sets.reduce((total, { count }) => total + count, 0)
    tell(`computing the reference's log-probabilities of ${pairs} pairs`)
    const values: Float32Array[] = []
    for (const set of sets) values.push(await logProbabilities(set, start))
    // Of a run that was killed before its first checkpoint.
    await rm(path, { force: true })
    await write(path, values, examples)
  }
  const read = await readReference(path, sets, examples)
  for (const [i, set] of sets.entries()) set.reference = read[i]
}

/** Of a set's answers, one after the other. */
async function logProbabilities(set: PreferenceSet, start: Trained): Promise<Float32Array> {
  const { engine, model, weights, signal } = start
  const { length } = set.collate([0])
  const rows = Math.max(1, Math.min(set.count, Math.floor(TOKENS / length)))
  const tokens = (name: string) => input(name, 'int32', [rows, 2, length / 2])
  const given = { ids: tokens('ids'), targets: tokens('targets') }
  const outputs = { values: answerLogProbabilities(model as Decoder, given) }
  const compiled = await compile(engine, outputs, { weights, label: 'reference' })
  const result = new Float32Array(set.targets.reduce((total, count) => total + count, 0))
  let next = 0
  try {
    for (const batch of allExamples(set, { rows })) {
      const [arrays] = cutExamples(batch, rows)
      const { targets } = arrays as { targets: Int32Array }
      const { values } = await compiled({ ...arrays }, { signal })
      for (const [i, target] of targets.entries())
        if (target >= 0) result[next++] = values[i] as number
    }
  } finally {
    compiled.dispose()
  }
  return result
}

/** Of what the values belong to: the tokens of all examples. */
function examplesHash(sets: readonly PreferenceSet[]): string {
  const arrays = sets.flatMap((set) =>
    Array.from({ length: set.count }, (_, i) => {
      const { ids, targets } = set.collate([i]).arrays
      return [ids, targets] as Int32Array[]
    }),
  )
  return hashOf(arrays.flat())
}

function hashOf(arrays: readonly (Int32Array | Float32Array)[]): string {
  const hash = createHash('sha256')
  for (const { buffer, byteOffset, byteLength } of arrays)
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  return hash.digest('hex')
}

const write = (path: string, values: readonly Float32Array[], examples: string): Promise<void> =>
  writeFileAside(
    path,
    encodeSafetensors(
      values.map((data, i) => ({ name: `${i}`, dtype: 'F32', shape: [data.length], data })),
      { examples, values: hashOf(values) },
    ),
  )

/** For each set the values of its pairs. */
async function readReference(
  path: string,
  sets: readonly PreferenceSet[],
  examples: string,
): Promise<Float32Array[][]> {
  const file = await openSafetensors(await openFile(path), path)
  const fail = (what: string) =>
    new UserError(
      `${path}: ${what}; the reference's log-probabilities are computed when a run begins: start ` +
        'a new one',
    )
  try {
    if (file.metadata.examples !== examples) throw fail('it was made for other pairs')
    const values = await Promise.all(sets.map((_, i) => file.readFloat32(`${i}`)))
    if (hashOf(values) !== file.metadata.values) throw fail('it has changed since')
    return sets.map(({ targets }, i) => {
      let from = 0
      return targets.map((count) => {
        from += count
        return (values[i] as Float32Array).subarray(from - count, from)
      })
    })
  } finally {
    await file.close()
  }
}
