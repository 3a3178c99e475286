import type { Shape } from '../src/graph/dim.ts'
import type { DType } from '../src/graph/dtype.ts'
import type { Attribute } from '../src/graph/onnx/emitter.ts'
import type { OnnxModel, TensorSpec } from '../src/graph/onnx/model.ts'
import { encodeModel } from '../src/graph/onnx/proto.ts'

export interface TestModel {
  inputs: TensorSpec[]
  outputs: TensorSpec[]
  weights?: OnnxModel['weights']
  /** `[operator, inputs, outputs, attributes]`. */
  nodes: readonly [string, string[], string[], Record<string, Attribute>?][]
}

/** A hand-written model, so that tests of the runtime do not depend on the graph. */
export function onnxModel({ inputs, outputs, weights = {}, nodes }: TestModel): OnnxModel {
  const protos = nodes.map(([type, ins, outs, attributes = {}]) => {
    return { type, name: outs.join(), inputs: ins, outputs: outs, attributes, domain: '' }
  })
  const initializers = Object.entries(weights).map(([name, { dtype, shape }]) => {
    return { name, dtype, shape, bytes: undefined }
  })
  const bytes = encodeModel({ nodes: protos, initializers, inputs, outputs })
  return { bytes, inputs, outputs, weights }
}

export const spec = (name: string, shape: Shape, dtype: DType = 'float32'): TensorSpec => {
  return { name, dtype, shape }
}

/** c = a + b, of any number of elements; c may be a. */
export const addition = (dtype: DType = 'float32'): OnnxModel =>
  onnxModel({
    inputs: [spec('a', ['n'], dtype), spec('b', ['n'], dtype)],
    outputs: [spec('c', ['n'], dtype)],
    nodes: [['Add', ['a', 'b'], ['c']]],
  })

/** y = x w^steps of `size` x `size` matrices: `steps` products, one after another. */
export function products(size: number, steps: number): OnnxModel {
  const names = ['x', ...Array.from({ length: steps - 1 }, (_, i) => `h${i}`), 'y']
  return onnxModel({
    inputs: [spec('x', [size, size]), spec('w', [size, size])],
    outputs: [spec('y', [size, size])],
    nodes: names.slice(1).map((name, i) => ['MatMul', [names[i] as string, 'w'], [name]]),
  })
}
