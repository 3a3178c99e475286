/** Tokens whose likelihood is wanted from index `from` on, which is 1 or more. */
export interface Sequence {
  readonly ids: readonly number[]
  readonly from: number
}

/** One row of a forward pass: a shared beginning, and branches that do not see each other. */
export interface Row {
  readonly ids: readonly number[]
  readonly positions: readonly number[]
  /** 0 for what is shared, else the number of the branch. */
  readonly branches: readonly number[]
  /** Tokens to predict, with the index in the row of the token before each. */
  readonly targets: readonly { readonly after: number; readonly id: number }[]
  /** Targets of each sequence, in order. */
  readonly counts: readonly number[]
}

/**
 * Several sequences in one row: the tokens that all begin with are there once, and positions start
 * again after them in each branch. The last token of a sequence is only a target, never read.
 */
export function packRow(sequences: readonly Sequence[]): Row {
  const shared = sharedLength(sequences.map(({ ids }) => ids.slice(0, -1)))
  const ids = (sequences[0]?.ids ?? []).slice(0, shared)
  const positions = ids.map((_, i) => i)
  const branches = ids.map(() => 0)
  const targets: Row['targets'][number][] = []
  const counts: number[] = []
  for (const [i, sequence] of sequences.entries()) {
    const offset = ids.length - shared
    for (let position = shared; position < sequence.ids.length - 1; position++) {
      ids.push(sequence.ids[position] as number)
      positions.push(position)
      branches.push(i + 1)
    }
    for (let target = sequence.from; target < sequence.ids.length; target++) {
      const before = target - 1
      const after = before < shared ? before : offset + before
      targets.push({ after, id: sequence.ids[target] as number })
    }
    counts.push(Math.max(0, sequence.ids.length - sequence.from))
  }
  return { ids, positions, branches, targets, counts }
}

/** Tokens that all begin with. */
function sharedLength(all: readonly (readonly number[])[]): number {
  const [first = [], ...others] = all
  const differs = first.findIndex((id, i) => others.some((other) => other[i] !== id))
  return differs < 0 ? first.length : differs
}

/** A row pays if it has at most this share of the tokens of separate rows: its mask is larger. */
const SHARE = 3 / 4

/** Rows for the sequences of a group: one if they share enough, else one each. */
export function rowsOf(group: readonly Sequence[], { packed = true } = {}): Row[] {
  const separate = () => group.map((sequence) => packRow([sequence]))
  if (!packed || group.length < 2) return separate()
  const row = packRow(group)
  const apart = group.reduce((total, { ids }) => total + ids.length - 1, 0)
  return row.ids.length <= SHARE * apart ? [row] : separate()
}
