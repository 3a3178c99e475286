import type { Shape } from '../dim.ts'
import { FLOATS } from '../dtype.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, at, checkDTypes, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { expand, sumTo } from './broadcast.ts'
import { add, mul, neg, sub } from './elementwise.ts'
import { mean } from './reduce.ts'

interface NormAttrs {
  epsilon: number
}

const lastSize = (x: Tensor): number => {
  const size = at(x.shape, x.rank - 1)
  if (typeof size === 'string') throw new ShapeError('norm', [x], `${size} is not a fixed size`)
  return size
}

function checkScale(name: string, inputs: readonly Tensor[]): Shape {
  const x = at(inputs, 0)
  checkDTypes(name, inputs, FLOATS)
  for (const t of inputs.slice(1))
    if (t.rank !== 1 || t.shape[0] !== x.shape[x.rank - 1])
      throw new ShapeError(name, inputs, 'scale and shift must be as long as the last axis')
  return [...x.shape.slice(0, -1), 1]
}

/** Outputs: the normalized tensor, the means, the inverse standard deviations. */
const layerNormOp: Op<NormAttrs> = {
  name: 'layerNorm',
  infer: (inputs) => {
    const { dtype, shape } = at(inputs, 0)
    const rows = checkScale('layerNorm', inputs)
    return [
      { dtype, shape },
      { dtype, shape: rows },
      { dtype, shape: rows },
    ]
  },
  vjp: ({ inputs, outputs }, [g, gMean, gInverse]) => {
    const [x, scale] = [at(inputs, 0), at(inputs, 1)]
    const [average, inverse] = [at(outputs, 1), at(outputs, 2)]
    const centered = sub(x, average)
    const normal = mul(centered, inverse)
    const parts: Tensor[] = []
    if (g) {
      const dNormal = mul(g, scale)
      const along = mean(mul(dNormal, normal), -1, true)
      parts.push(mul(inverse, sub(sub(dNormal, mean(dNormal, -1, true)), mul(normal, along))))
    }
    const n = lastSize(x)
    if (gMean) parts.push(mul(gMean, 1 / n))
    if (gInverse) parts.push(inverseSlope(gInverse, inverse, centered, n))
    const dx = parts.length > 0 ? expand(parts.reduce(add), x.shape, x) : undefined
    const [shift] = inputs.slice(2)
    return [dx, g && sumTo(mul(g, normal), scale.shape), g && shift && sumTo(g, shift.shape)]
  },
  onnx: ({ inputs, outputs, attrs: { epsilon } }, emit) => {
    const wanted = outputs.map((t, i) => (i === 0 || emit.isUsed(t) ? t : undefined))
    if (emit.target === 'webgpu' && (wanted[1] || wanted[2])) {
      emitLayerNorm(inputs, outputs, epsilon, emit)
      return
    }
    const attributes = { axis: -1, epsilon: { float: epsilon } }
    emit.node('LayerNormalization', inputs, wanted, attributes)
  },
}

/** d(inverse)/dx = -inverse^3 centered / n. */
const inverseSlope = (g: Tensor, inverse: Tensor, centered: Tensor, n: number): Tensor =>
  mul(neg(mul(g, mul(inverse, mul(inverse, inverse)))), mul(centered, 1 / n))

/** Step by step, where the engine's own kernel keeps its statistics to itself. */
function emitLayerNorm(
  [x, scale, shift]: readonly Tensor[],
  [y, average, inverse]: readonly Tensor[],
  epsilon: number,
  emit: Emitter,
): void {
  const [centered, normal, scaled] = [emit.temporary(), emit.temporary(), emit.temporary()]
  const axes = emit.constant('int64', [1], [-1])
  emit.node('ReduceMean', [x, axes], [average], { keepdims: 1 })
  emit.node('Sub', [x, average], [centered])
  emitInverse(centered, inverse as Tensor, epsilon, emit)
  emit.node('Mul', [centered, inverse], [normal])
  emit.node('Mul', [normal, scale], [shift ? scaled : y])
  if (shift) emit.node('Add', [scaled, shift], [y])
}

/** 1 / sqrt(mean(x^2) + epsilon). */
function emitInverse(x: Tensor | string, inverse: Tensor, epsilon: number, emit: Emitter): void {
  const [square, meanSquare, safe, root] = [0, 1, 2, 3].map(() => emit.temporary())
  emit.node('Mul', [x, x], [square])
  const axes = emit.constant('int64', [1], [-1])
  emit.node('ReduceMean', [square, axes], [meanSquare], { keepdims: 1 })
  emit.node('Add', [meanSquare, emit.constant(inverse.dtype, [], [epsilon])], [safe])
  emit.node('Sqrt', [safe], [root])
  emit.node('Reciprocal', [root], [inverse])
}

/**
 * Layer normalization over the last axis (Ba, Kiros & Hinton 2016). x: (..., C), scale, shift: (C).
 */
export const layerNorm = (x: Tensor, scale: Tensor, shift?: Tensor, epsilon = 1e-5): Tensor =>
  apply(layerNormOp, shift ? [x, scale, shift] : [x, scale], { epsilon })

/** Outputs: the normalized tensor, the inverse root mean squares. */
const rmsNormOp: Op<NormAttrs> = {
  name: 'rmsNorm',
  infer: (inputs) => {
    const { dtype, shape } = at(inputs, 0)
    return [
      { dtype, shape },
      { dtype, shape: checkScale('rmsNorm', inputs) },
    ]
  },
  vjp: ({ inputs, outputs }, [g, gInverse]) => {
    const [x, scale] = [at(inputs, 0), at(inputs, 1)]
    const inverse = at(outputs, 1)
    const normal = mul(x, inverse)
    const parts: Tensor[] = []
    if (g) {
      const dNormal = mul(g, scale)
      parts.push(mul(inverse, sub(dNormal, mul(normal, mean(mul(dNormal, normal), -1, true)))))
    }
    if (gInverse) parts.push(inverseSlope(gInverse, inverse, x, lastSize(x)))
    const dx = parts.length > 0 ? parts.reduce(add) : undefined
    return [dx, g && sumTo(mul(g, normal), scale.shape)]
  },
  onnx: ({ inputs, outputs, attrs: { epsilon } }, emit) => {
    const [x, scale] = inputs
    const [y, inverse] = outputs as [Tensor, Tensor]
    // Though it bears no domain, the operator is the runtime's own.
    if (emit.target === 'standard' || (emit.target === 'webgpu' && emit.isUsed(inverse))) {
      const normal = emit.temporary()
      emitInverse(x as Tensor, inverse, epsilon, emit)
      emit.node('Mul', [x, inverse], [normal])
      emit.node('Mul', [normal, scale], [y])
      return
    }
    const wanted = [y, emit.isUsed(inverse) ? inverse : undefined]
    const attributes = { axis: -1, epsilon: { float: epsilon } }
    emit.node('SimplifiedLayerNormalization', inputs, wanted, attributes)
  },
}

/**
 * Root-mean-square normalization over the last axis (Zhang & Sennrich 2019). x: (..., C), scale:
 * (C).
 */
export const rmsNorm = (x: Tensor, scale: Tensor, epsilon = 1e-5): Tensor =>
  apply(rmsNormOp, [x, scale], { epsilon })
