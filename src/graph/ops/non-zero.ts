import { isFixed } from '../dim.ts'
import { apply, at, checkDTypes, type Op, ShapeError, type Tensor } from '../tensor.ts'

const nonZeroOp: Op<{ name: string }> = {
  name: 'nonZero',
  infer: (inputs, { name }) => {
    checkDTypes('nonZero', inputs, ['bool'])
    if (at(inputs, 0).rank !== 1) throw new ShapeError('nonZero', inputs, 'needs one axis')
    if (isFixed([name]))
      throw new ShapeError('nonZero', inputs, `${name} is no name of a dimension`)
    return { dtype: 'int64', shape: [name] }
  },
  onnx: ({ inputs, outputs }, emit) => {
    const places = emit.temporary()
    emit.node('NonZero', inputs, [places])
    emit.node('Reshape', [places, emit.constant('int64', [1], [-1])], outputs)
  },
}

/**
 * The places of x (N) that are true, rising. How many there are is known only when it is computed:
 * the result has the dimension `name`, which must be used for nothing else.
 */
export const nonZero = (x: Tensor, name: string): Tensor => apply(nonZeroOp, [x], { name })
