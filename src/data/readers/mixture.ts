import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { Random } from '../../random.ts'
import { parseState, type RowReader, randomState } from './reader.ts'

const schema = z.object({ random: randomState, parts: z.array(z.unknown()) })

/**
 * Rows of several readers: each row comes from one of them, drawn with probability proportional to
 * its weight, so that the weights are shares of the tokens seen.
 */
export function mixture(
  parts: readonly { reader: RowReader; weight: number }[],
  { seed }: { seed: number },
): RowReader {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0)
  if (parts.some(({ weight }) => !(weight >= 0)) || !(total > 0 && total < Infinity)) {
    const weights = parts.map(({ weight }) => weight).join(', ')
    throw new UserError(
      `the weights of a mixture are [${weights}]; give numbers of 0 or more, not all 0`,
    )
  }
  let random = new Random(seed)
  const draw = (): RowReader | undefined => {
    let left = random.uniform() * total
    let drawn: RowReader | undefined
    for (const { reader, weight } of parts) {
      if (weight === 0) continue
      drawn = reader
      left -= weight
      if (left < 0) break
    }
    return drawn
  }
  return {
    read: (row) => draw()?.read(row),
    state: () => ({ random: random.state, parts: parts.map(({ reader }) => reader.state()) }),
    restore: (state) => {
      const saved = parseState(
        schema.refine((value) => value.parts.length === parts.length),
        state,
        `a mixture of ${parts.length}`,
      )
      random = new Random(saved.random)
      parts.forEach(({ reader }, i) => {
        reader.restore(saved.parts[i])
      })
    },
  }
}
