import { z } from 'zod'
import { type Examples, IGNORE } from '../data/batch.ts'
import { type BatchReader, parseState, randomState } from '../data/readers/reader.ts'
import { Random } from '../random.ts'

export interface MaskingOptions {
  /** The token that takes the place of masked ones, such as [MASK]. */
  maskId: number
  vocabSize: number
  /** Put before and after each row, where the model expects it. */
  clsId?: number
  sepId?: number
  /** Share of the tokens that are masked. */
  probability: number
}

/** Masked tokens of a row of `length` tokens of text. */
export const maskedCount = (length: number, { probability }: MaskingOptions): number =>
  Math.max(1, Math.round(probability * length))

/** Tokens of text in a row of `length`. */
export const textLength = (length: number, { clsId, sepId }: MaskingOptions): number =>
  length - Number(clsId !== undefined) - Number(sepId !== undefined)

/**
 * Rows of text in which some tokens are masked (Devlin et al. 2019): of these, eight in ten become
 * the mask token, one becomes a random token, and one stays as it is.
 */
export function maskTokens(batch: Examples, options: MaskingOptions, random: Random): Examples {
  const { maskId, vocabSize, clsId, sepId } = options
  const { rows, length: given } = batch
  const text = batch.arrays as Readonly<Record<'ids' | 'targets', Int32Array>>
  const before = Number(clsId !== undefined)
  const length = given + before + Number(sepId !== undefined)
  const count = maskedCount(given, options)
  const ids = new Int32Array(rows * length)
  const mask = new Float32Array(rows * length)
  const positions = new Int32Array(rows * count)
  const targets = new Int32Array(rows * count).fill(IGNORE)
  for (let row = 0; row < rows; row++) {
    const line = ids.subarray(row * length, (row + 1) * length)
    const start = row * given
    // Its text ends where it has no more targets.
    const end = text.targets.subarray(start, start + given).indexOf(IGNORE)
    const there = end === -1 ? given : end
    line.set(text.ids.subarray(start, start + there), before)
    if (clsId !== undefined) line[0] = clsId
    if (sepId !== undefined) line[before + there] = sepId
    mask.fill(1, row * length, row * length + before + there + Number(sepId !== undefined))
    for (const [i, position] of choose(there, Math.min(count, there), random).entries()) {
      const at = position + before
      positions[row * count + i] = at
      targets[row * count + i] = line[at] as number
      const draw = random.uniform()
      if (draw < 0.9) line[at] = draw < 0.8 ? maskId : random.integer(vocabSize)
    }
  }
  const counted = targets.reduce((n, target) => n + Number(target !== IGNORE), 0)
  return {
    rows,
    length,
    arrays: { ids, mask, maskedPositions: positions, targets },
    count: counted,
  }
}

/** `count` different numbers below `length`, rising. */
function choose(length: number, count: number, random: Random): number[] {
  const numbers = Array.from({ length }, (_, i) => i)
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(length - i)
    const drawn = numbers[j] as number
    numbers[j] = numbers[i] as number
    numbers[i] = drawn
  }
  return numbers.slice(0, count).sort((a, b) => a - b)
}

const schema = z.object({ random: randomState, text: z.unknown() })

/** Rows of a reader of text, with other tokens masked each time. */
export function maskedReader(
  text: BatchReader,
  options: MaskingOptions,
  { seed }: { seed: number },
): BatchReader {
  let random = new Random(seed)
  return {
    next: () => maskTokens(text.next(), options, random),
    state: () => ({ random: random.state, text: text.state() }),
    restore: (state) => {
      const saved = parseState(schema, state, 'masked text')
      random = new Random(saved.random)
      text.restore(saved.text)
    },
  }
}

/** Batches of text, with the same tokens masked each time. */
export function* maskedBatches(
  batches: Iterable<Examples>,
  options: MaskingOptions,
): Generator<Examples> {
  const random = new Random(0)
  for (const batch of batches) yield maskTokens(batch, options, random)
}
