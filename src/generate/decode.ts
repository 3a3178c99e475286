import { capacityFor, slide } from './context-window.ts'
import type { DecodeProgram } from './decode-program.ts'
import type { Decoding } from './decoding.ts'
import type { EncodeProgram } from './encode-program.ts'
import { openDecoding } from './open-decoding.ts'
import type { Piece, Sequence } from './sequence.ts'
import { type Draft, speculate } from './speculate.ts'

/** The programs of a `LanguageModel`. */
export interface DecodeParts {
  program: DecodeProgram
  draft?: Draft
  encoder?: EncodeProgram
}

/** What one of several sequences has become longer by. */
export interface IndexedPiece {
  /** Of the sequence, in the list given. */
  index: number
  piece: Piece
}

/**
 * Decodes sequences together until each has ended, and yields every piece at once. A single
 * sequence is decoded with `draft`, if there is one. An abort ends all sequences as they are.
 */
export async function* decode(
  { program, draft, encoder }: DecodeParts,
  sequences: readonly Sequence[],
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<IndexedPiece> {
  const size = program.engine.hostMemory ? Math.max(1, sequences.length) : 1
  try {
    for (let first = 0; first < sequences.length; first += size) {
      const group = sequences.slice(first, first + size)
      const [only] = group
      if (draft && only && group.length === 1)
        for await (const piece of speculate({ program, draft, encoder }, only, signal))
          yield { index: first, piece }
      else
        for await (const step of decodeGroup(program, encoder, group, signal))
          yield { ...step, index: first + step.index }
    }
  } catch (error) {
    if (!signal?.aborted) throw error
    for (const sequence of sequences) sequence.finishReason ??= 'abort'
  }
}

async function* decodeGroup(
  program: DecodeProgram,
  encoder: EncodeProgram | undefined,
  sequences: readonly Sequence[],
  signal: AbortSignal | undefined,
): AsyncGenerator<IndexedPiece> {
  const capacity = capacityFor(program, sequences)
  const decoding = await openDecoding(
    { program, encoder },
    {
      sequences: sequences.length,
      capacity,
      signal,
      sources: sequences.map(({ sources }) => sources),
    },
  )
  const active = sequences.map((sequence, index) => ({ sequence, index }))
  try {
    await readPrompts(decoding, sequences, signal)
    while (active.length > 0) {
      const started = performance.now()
      for (const [row, { sequence }] of active.entries())
        if (decoding.length(row) === capacity) await slide(decoding, row, sequence, signal)
      const ids = Int32Array.from(active, ({ sequence }) => sequence.tokens.at(-1) as number)
      const logits = await decoding.step(ids, { signal })
      const steps = active.map(({ sequence, index }, row) => {
        return { index, piece: sequence.accept(logits[row] as Float32Array) }
      })
      const milliseconds = performance.now() - started
      for (let row = active.length - 1; row >= 0; row--) {
        const { sequence } = active[row] as (typeof active)[number]
        sequence.milliseconds += milliseconds
        if (!sequence.finishReason) continue
        decoding.remove(row)
        const last = active.pop() as (typeof active)[number]
        if (row < active.length) active[row] = last
      }
      yield* steps
    }
  } finally {
    decoding.dispose()
  }
}

/** Reads a prompt once, and copies what was read to the other sequences that begin with it. */
async function readPrompts(
  decoding: Decoding,
  sequences: readonly Sequence[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const rows = new Map<string, number>()
  for (const [row, { tokens, sources }] of sequences.entries()) {
    const key = JSON.stringify([tokens, sources])
    const same = rows.get(key)
    if (same === undefined) {
      rows.set(key, row)
      await decoding.read(row, tokens.slice(0, -1), { signal })
    } else decoding.copyRow(same, row)
  }
}
