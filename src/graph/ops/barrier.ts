import { DTYPES } from '../dtype.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'

const barrierOp: Op = {
  name: 'barrier',
  infer: ([x]) => ({ dtype: (x as Tensor).dtype, shape: (x as Tensor).shape }),
  vjp: (_, [g]) => [g],
  onnx: ({ inputs: [x, ...after], outputs }, emit) =>
    emitBarrier(x as Tensor, after, outputs, emit),
}

/**
 * `x`, but not before each of `after` (floats) is computed. It keeps a later part of a program from
 * being computed early, when what it makes would only lie in memory.
 */
export const barrier = (x: Tensor, ...after: Tensor[]): Tensor =>
  apply(barrierOp, [x, ...after], {})

/**
 * No element differs from itself, by `<` not even NaN, which the runtime does not know. So the
 * zeros of a Reshape that copies every size depend on `after`; it passes its memory on. On a GPU,
 * sizes would have to come back to the host: there a zero is added, a pass over `x`.
 */
function emitBarrier(
  x: Tensor,
  after: readonly Tensor[],
  outputs: readonly Tensor[],
  emit: Emitter,
) {
  const free = emit.target !== 'webgpu' && x.rank > 0
  const type = DTYPES[free ? 'int64' : x.dtype].onnx
  const zero = after
    .map((tensor) => emitZero(tensor, type, emit))
    .reduce((a, b) => {
      const sum = emit.temporary()
      emit.node('Add', [a, b], [sum])
      return sum
    })
  if (!free) {
    emit.node('Add', [x, zero], outputs)
    return
  }
  const sizes = emit.temporary()
  emit.node('Add', [emit.constant('int64', [x.rank], new Array(x.rank).fill(0)), zero], [sizes])
  emit.node('Reshape', [x, sizes], outputs)
}

/** A zero () of ONNX type `type`, known when `tensor` is. */
function emitZero(tensor: Tensor, type: number, emit: Emitter): string {
  const [flat, first, differs] = [0, 1, 2].map(() => emit.temporary())
  const zero = emit.temporary()
  emit.node('Reshape', [tensor, emit.constant('int64', [1], [-1])], [flat])
  emit.node('Gather', [flat, emit.constant('int64', [], [0])], [first], { axis: 0 })
  emit.node('Less', [first, first], [differs])
  emit.node('Cast', [differs], [zero], { to: type })
  return zero
}
