import type { OnnxModel } from '../graph/onnx/model.ts'
import { encodeModel } from '../graph/onnx/proto.ts'

/** y = x, of one number: the least that a provider must be able to run. */
export function identityModel(): OnnxModel {
  const spec = (name: string) => ({ name, dtype: 'float32', shape: [1] }) as const
  const node = { type: 'Identity', name: 'y', inputs: ['x'], outputs: ['y'] }
  const nodes = [{ ...node, attributes: {}, domain: '' }]
  const [inputs, outputs] = [[spec('x')], [spec('y')]]
  return {
    bytes: encodeModel({ nodes, inputs, outputs, initializers: [] }),
    inputs,
    outputs,
    weights: {},
  }
}
