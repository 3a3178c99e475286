import { normalizeAxis } from '../dim.ts'
import { FLOATS } from '../dtype.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, at, checkDTypes, type Node, type Op, type Tensor } from '../tensor.ts'
import { sum } from './broadcast.ts'
import { exp, mul, sub } from './elementwise.ts'

interface SoftmaxAttrs {
  axis: number
}

function softmaxLike(
  name: string,
  type: string,
  gradient: (g: Tensor, y: Tensor, axis: number) => Tensor,
): (x: Tensor, axis?: number) => Tensor {
  const op: Op<SoftmaxAttrs> = {
    name,
    infer: (inputs) => {
      checkDTypes(name, inputs, FLOATS)
      return { dtype: at(inputs, 0).dtype, shape: at(inputs, 0).shape }
    },
    vjp: (node: Node<SoftmaxAttrs>, [g]) => [
      g && gradient(g, at(node.outputs, 0), node.attrs.axis),
    ],
    onnx: (node, emit) =>
      name === 'logSoftmax' && emit.target === 'webgpu'
        ? emitLogSoftmax(node, emit)
        : emit.node(type, node.inputs, node.outputs, { axis: node.attrs.axis }),
  }
  return (x, axis = -1) => apply(op, [x], { axis: normalizeAxis(axis, x.rank, name) })
}

/** WebGPU has no LogSoftmax. */
function emitLogSoftmax({ inputs, outputs, attrs }: Node<SoftmaxAttrs>, emit: Emitter): void {
  const axes = emit.constant('int64', [1], [attrs.axis])
  const [top, centered, weights, total, logTotal] = [0, 1, 2, 3, 4].map(() => emit.temporary())
  emit.node('ReduceMax', [...inputs, axes], [top], { keepdims: 1 })
  emit.node('Sub', [...inputs, top], [centered])
  emit.node('Exp', [centered], [weights])
  emit.node('ReduceSum', [weights, axes], [total], { keepdims: 1 })
  emit.node('Log', [total], [logTotal])
  emit.node('Sub', [centered, logTotal], outputs)
}

/** exp(x) over its sum along an axis (default: the last). */
export const softmax = softmaxLike('softmax', 'Softmax', (g, y, axis) => {
  const weighted = mul(g, y)
  return sub(weighted, mul(y, sum(weighted, axis, true)))
})

/** x - log of the sum of exp(x) along an axis (default: the last). */
export const logSoftmax = softmaxLike('logSoftmax', 'LogSoftmax', (g, y, axis) =>
  sub(g, mul(exp(y), sum(g, axis, true))),
)
