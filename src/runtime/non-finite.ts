import { UserError } from '../errors.ts'
import type { DeviceTensor } from './engine.ts'

/** A tensor that holds NaN or an infinity. */
export interface NonFinite {
  name: string
  value: number
}

/** Searches all weights of a model, one tensor at a time. */
export type FindNonFinite = () => Promise<NonFinite | undefined>

/** The first value that is NaN or infinite. */
export function nonFiniteOf(values: ArrayLike<number>): number | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    // NaN unless the value is finite: one comparison for all cases.
    if (value - value !== 0) return value
  }
  return undefined
}

/** The first tensor that holds NaN or an infinity. Calls `read` for one at a time. */
export async function findNonFinite(
  names: Iterable<string>,
  read: (name: string) => ArrayLike<number> | Promise<ArrayLike<number>>,
): Promise<NonFinite | undefined> {
  for (const name of names) {
    const value = nonFiniteOf(await read(name))
    if (value !== undefined) return { name, value }
  }
  return undefined
}

/** As `findNonFinite`, for an engine's tensors. */
export const findNonFiniteIn = (tensors: Readonly<Record<string, DeviceTensor>>) =>
  findNonFinite(Object.keys(tensors), async (name) => {
    const { dtype } = tensors[name] as DeviceTensor
    return dtype === 'float32' ? ((await tensors[name]?.read()) as Float32Array) : []
  })

export const describeNonFinite = ({ name, value }: NonFinite): string =>
  `weights hold ${Number.isNaN(value) ? 'NaN' : value}: ${name}`

/** Throws UserError if a weight is NaN or infinite. */
export function refuseNonFinite(name: string, values: Float32Array): Float32Array {
  const value = nonFiniteOf(values)
  if (value !== undefined) throw new UserError(`${describeNonFinite({ name, value })}; ${ADVICE}`)
  return values
}

const ADVICE = 'restore them from another copy of the model, or from an earlier checkpoint'

/** Explains why an output is not finite. Searching weights only now keeps loading fast. */
export async function nonFiniteError(output: string, find?: FindNonFinite): Promise<UserError> {
  const found = await find?.()
  if (found) return new UserError(`${describeNonFinite(found)}; ${ADVICE}`)
  const cause = find
    ? 'though every weight is finite: its numbers leave the range of float32'
    : 'since its weights are not, or its numbers leave the range of float32'
  return new UserError(`${output} of this model are not finite, ${cause}; use another model`)
}
