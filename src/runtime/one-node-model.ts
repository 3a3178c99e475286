import type { OnnxModel } from '../graph/onnx/model.ts'
import { encodeModel } from '../graph/onnx/proto.ts'

/** An ONNX model of one operator, whose inputs and output `y` are float32 of one shape. */
export function oneNodeModel(
  type: string,
  inputNames: string[],
  shape: readonly number[],
): OnnxModel {
  const spec = (name: string) => ({ name, dtype: 'float32', shape }) as const
  const node = { type, name: 'y', inputs: inputNames, outputs: ['y'], attributes: {}, domain: '' }
  const [inputs, outputs] = [inputNames.map(spec), [spec('y')]]
  const bytes = encodeModel({ nodes: [node], inputs, outputs, initializers: [] })
  return { bytes, inputs, outputs, weights: {} }
}

/** y = x, of one number: the least that an execution provider must be able to run. */
export const identityModel = (): OnnxModel => oneNodeModel('Identity', ['x'], [1])
