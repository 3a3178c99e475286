import type { Bits } from '../models/quantize.ts'
import { capacityFor, slide } from './context-window.ts'
import type { DecodeProgram } from './decode-program.ts'
import { DraftLength } from './draft-length.ts'
import type { EncodeProgram } from './encode-program.ts'
import { openDecoding } from './open-decoding.ts'
import type { Piece, Sequence } from './sequence.ts'

/** The model in fewer bits, which makes draft tokens. */
export interface Draft {
  program: DecodeProgram
  bits: Bits
}

/**
 * Speculative decoding of one sequence (Leviathan et al. 2023). `draft`, the same model in fewer
 * bits, makes draft tokens one by one. The model then reads all of them at once, which takes little
 * longer than reading one, and keeps those that it would have picked itself. Both draw with the
 * same random numbers, so the text is the one that the model alone makes.
 *
 * Both work on one cache: the model overwrites what the draft left in it for a draft token.
 */
export async function* speculate(
  parts: { program: DecodeProgram; draft: Draft; encoder?: EncodeProgram },
  sequence: Sequence,
  signal: AbortSignal | undefined,
): AsyncGenerator<Piece> {
  const { program, draft } = parts
  const capacity = capacityFor(program, [sequence])
  const { sources } = sequence
  const options = { sequences: 1, capacity, sources: [sources], signal }
  const decoding = await openDecoding(parts, options)
  const drafting = decoding.sharedWith(draft.program)
  const draftLength = new DraftLength(draft.bits)
  try {
    await decoding.read(0, sequence.tokens.slice(0, -1), { signal })
    while (!sequence.finishReason) {
      const started = performance.now()
      if (decoding.length(0) === capacity) await slide(decoding, 0, sequence, signal)
      const before = decoding.length(0)
      const room = Math.min(capacity - before, sequence.longest - sequence.tokens.length) - 1
      const ids = [sequence.tokens.at(-1) as number]
      const pick = sequence.fork()
      drafting.seek(0, before)
      for (let i = Math.min(draftLength.next(), room); i > 0; i--) {
        const [logits] = await drafting.step(Int32Array.of(ids.at(-1) as number), { signal })
        ids.push(pick(logits as Float32Array))
      }
      const pieces: Piece[] = []
      for (const [i, logits] of (await decoding.readAll(0, ids, { signal })).entries()) {
        pieces.push(sequence.accept(logits))
        if (sequence.finishReason || sequence.tokens.at(-1) !== ids[i + 1]) break
      }
      decoding.seek(0, before + pieces.length)
      draftLength.record(ids.length - 1, pieces.length - 1)
      sequence.milliseconds += performance.now() - started
      yield* pieces
    }
  } finally {
    drafting.dispose()
    decoding.dispose()
  }
}
