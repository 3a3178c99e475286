import { DTYPES } from '../dtype.ts'
import type { Emitter } from './emitter.ts'
import type { OnnxModel, StoredElements } from './model.ts'
import { byteLength, type InitializerProto } from './proto.ts'

/** What a weight is named as the file has it, where that is not as it is in memory. */
export const storedName = (name: string): string => `${name}.stored`

/**
 * Declares a weight that lies in a file. What the file has in another type or order is brought into the
 * weight's by nodes that the runtime computes once, when it loads.
 */
export function emitStored(
  name: string,
  { dtype, shape }: Pick<OnnxModel['weights'][string], 'dtype' | 'shape'>,
  stored: StoredElements,
  emitter: Emitter,
): InitializerProto {
  const { folder: _, file: location, offset, dtype: own, layout } = stored
  const integers = (values: readonly number[]) => emitter.constant('int64', [values.length], values)
  const steps: ((from: string, to: string) => void)[] = []
  if (layout?.columns) {
    const [start, end] = layout.columns.map((column) => integers([column]))
    steps.push((x, y) => emitter.node('Slice', [x, start, end, integers([-1])], [y]))
  }
  if (layout) {
    steps.push((x, y) => emitter.node('Transpose', [x], [y], { perm: [...layout.axes] }))
    if (layout.axes.length !== shape.length)
      steps.push((x, y) => emitter.node('Reshape', [x, integers(shape)], [y]))
  }
  // Last: what the other steps leave behind until all are done is smaller then.
  if (own !== dtype)
    steps.push((x, y) => emitter.node('Cast', [x], [y], { to: DTYPES[dtype].onnx }))
  const first = steps.length > 0 ? storedName(name) : name
  let from = first
  for (const [i, step] of steps.entries()) {
    const to = i === steps.length - 1 ? name : emitter.temporary()
    step(from, to)
    from = to
  }
  const there = { dtype: own, shape: layout?.shape ?? shape }
  const place = { location, offset, length: byteLength(there) }
  return { name: first, ...there, bytes: undefined, place }
}
