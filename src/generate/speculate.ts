import type { Bits } from '../models/quantize.ts'
import { capacityFor, slide } from './context-window.ts'
import type { DecodeProgram } from './decode-program.ts'
import type { EncodeProgram } from './encode-program.ts'
import { GuessCount } from './guess-count.ts'
import { openDecoding } from './open-decoding.ts'
import type { Piece, Sequence } from './sequence.ts'

/** What guesses for a model. */
export interface Draft {
  program: DecodeProgram
  bits: Bits
}

/**
 * Speculative decoding of one sequence (Leviathan et al. 2023). A cheap draft guesses the next
 * tokens one by one; the model then reads all guesses at once, which takes it little longer than
 * reading one, and those that it would have picked itself are kept. Each guess draws with the
 * random number that the model will draw with, so the text is the one that the model alone makes.
 *
 * `draft` is the same model in fewer bits. Both work on one cache: what the draft leaves in it for
 * a guess, the model overwrites.
 */
export async function* speculate(
  parts: { program: DecodeProgram; draft: Draft; encoder?: EncodeProgram },
  sequence: Sequence,
  signal: AbortSignal | undefined,
): AsyncGenerator<Piece> {
  const { program, draft } = parts
  const capacity = capacityFor(program, [sequence])
  const { sources } = sequence
  const decoding = await openDecoding(parts, {
    sequences: 1,
    capacity,
    sources: [sources],
    signal,
  })
  const drafting = decoding.sharedWith(draft.program)
  const count = new GuessCount(draft.bits)
  try {
    await decoding.read(0, sequence.tokens.slice(0, -1), { signal })
    while (!sequence.finishReason) {
      const started = performance.now()
      if (decoding.length(0) === capacity) await slide(decoding, 0, sequence, signal)
      const before = decoding.length(0)
      const room = Math.min(capacity - before, sequence.longest - sequence.tokens.length) - 1
      const ids = [sequence.tokens.at(-1) as number]
      const guess = sequence.fork()
      drafting.seek(0, before)
      for (let i = Math.min(count.next(), room); i > 0; i--) {
        const [logits] = await drafting.step(Int32Array.of(ids.at(-1) as number), { signal })
        ids.push(guess(logits as Float32Array))
      }
      const pieces: Piece[] = []
      for (const [i, logits] of (await decoding.readAll(0, ids, { signal })).entries()) {
        pieces.push(sequence.accept(logits))
        if (sequence.finishReason || sequence.tokens.at(-1) !== ids[i + 1]) break
      }
      decoding.seek(0, before + pieces.length)
      count.record(ids.length - 1, pieces.length - 1)
      sequence.milliseconds += performance.now() - started
      yield* pieces
    }
  } finally {
    drafting.dispose()
    decoding.dispose()
  }
}
