import { DTYPES } from '../dtype.ts'
import type { Attribute, Emitter } from './emitter.ts'
import type { OnnxModel, StoredElements } from './model.ts'
import { byteLength, type InitializerProto } from './proto.ts'

/**
 * Declares a weight that lies in a file. What the file has in another type or order is brought into
 * the weight's by nodes that the runtime computes once, when it loads; `result` is what they end
 * with.
 */
export function emitStored(
  name: string,
  { dtype, shape }: Pick<OnnxModel['weights'][string], 'dtype' | 'shape'>,
  { file, offset, dtype: own, layout }: StoredElements,
  emitter: Emitter,
): { declared: InitializerProto; result: string } {
  let result = name
  const step = (type: string, more: string[], attributes?: Record<string, Attribute>) => {
    const next = emitter.temporary()
    emitter.node(type, [result, ...more], [next], attributes)
    result = next
  }
  const integers = (values: readonly number[]) => emitter.constant('int64', [values.length], values)
  if (layout?.columns) {
    const [start, end] = layout.columns
    step('Slice', [integers([start]), integers([end]), integers([-1])])
  }
  if (layout) {
    step('Transpose', [], { perm: [...layout.axes] })
    if (layout.axes.length !== shape.length) step('Reshape', [integers(shape)])
  }
  // Last: what the other steps leave behind until all are done is smaller then.
  if (own !== dtype) step('Cast', [], { to: DTYPES[dtype].onnx })
  const there = { dtype: own, shape: layout?.shape ?? shape }
  const external = { location: file, offset, length: byteLength(there) }
  return { declared: { name, ...there, bytes: undefined, external }, result }
}
