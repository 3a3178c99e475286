import { createHash } from 'node:crypto'
import { inBatches } from '../../predict/in-batches.ts'
import type { Likelihood, LikelihoodProgram } from './likelihood-program.ts'
import { type Row, rowsOf, type Sequence } from './pack-row.ts'

/** Tokens of a forward pass: enough for the matrix products, little enough for the caches. */
const TOKENS = 512

/** Groups that are encoded and sorted by length together: enough for batches of one length. */
const CHUNK = 4096

export interface ScoreOptions {
  /** Sequences of a group that begin alike share a row; false: a row each. */
  packed?: boolean | undefined
  signal?: AbortSignal | undefined
  /** Results of rows that were run before, by their digests; new ones are added. */
  known?: Map<string, Likelihood[]>
}

/** The likelihoods of the sequences of one group. */
export interface GroupScore {
  index: number
  likelihoods: Likelihood[]
}

/**
 * Likelihoods of groups of sequences, such as the choices of a question. Rows of nearly the same
 * length are run together, so groups do not come in order. A row that is asked twice is run once.
 */
export async function* scoreGroups(
  program: LikelihoodProgram,
  groups: readonly (() => readonly Sequence[])[],
  { known = new Map(), packed, signal }: ScoreOptions = {},
): AsyncGenerator<GroupScore> {
  for (let first = 0; first < groups.length; first += CHUNK) {
    const chunk = groups.slice(first, first + CHUNK).map((group) => rowsOf(group(), { packed }))
    for await (const { index, likelihoods } of scoreRows(program, chunk, { known, signal }))
      yield { index: first + index, likelihoods }
  }
}

async function* scoreRows(
  program: LikelihoodProgram,
  groups: readonly (readonly Row[])[],
  { known, signal }: ScoreOptions & { known: Map<string, Likelihood[]> },
): AsyncGenerator<GroupScore> {
  const digests = groups.map((rows) => rows.map(digestOf))
  const rows = new Map<string, Row>()
  /** Groups that wait for a row, and how many rows each waits for. */
  const waiting = new Map<string, number[]>()
  const missing = digests.map((own, index) => {
    const unknown = [...new Set(own)].filter((digest) => !known.has(digest))
    for (const digest of unknown) {
      rows.set(digest, groups[index]?.[own.indexOf(digest)] as Row)
      waiting.set(digest, [...(waiting.get(digest) ?? []), index])
    }
    return unknown.length
  })
  const finished = (index: number): GroupScore => ({
    index,
    likelihoods: (digests[index] ?? []).flatMap((digest) => known.get(digest) ?? []),
  })
  for (const [index, count] of missing.entries()) if (count === 0) yield finished(index)

  const entries = [...rows]
  const batches = inBatches(
    entries.map(([, { ids }]) => ids.length),
    TOKENS,
  )
  for (let first = 0; first < batches.length; first += program.workers) {
    signal?.throwIfAborted()
    const wave = batches.slice(first, first + program.workers)
    const runs = wave.map(async (batch) => {
      const chosen = batch.map((i) => entries[i] as (typeof entries)[number])
      const results = await program.run(
        chosen.map(([, row]) => row),
        { signal },
      )
      return chosen.map(([digest], i) => [digest, results[i] as Likelihood[]] as const)
    })
    // All have ended, also where one failed or was aborted: their memory may be disposed then.
    const ends = await Promise.allSettled(runs)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    for (const [digest, likelihoods] of (await Promise.all(runs)).flat()) {
      known.set(digest, likelihoods)
      for (const index of waiting.get(digest) ?? []) {
        missing[index] = (missing[index] as number) - 1
        if (missing[index] === 0) yield finished(index)
      }
    }
  }
}

/** Rows of the same digest have the same tokens and targets. */
function digestOf({ ids, branches, targets, counts }: Row): string {
  const numbers = [ids.length, ...ids, ...branches, targets.length, ...counts]
  const asked = targets.flatMap(({ after, id }) => [after, id])
  return createHash('sha256')
    .update(Int32Array.from(numbers.concat(asked)))
    .digest('base64')
}
