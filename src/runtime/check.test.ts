import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { spec } from '../../test/onnx.ts'
import type { DType } from '../graph/dtype.ts'
import { checkBinding, checkShape, checkValues } from './check.ts'

const program = {
  label: 'step',
  inputs: [spec('ids', ['batch', 'length'], 'int64'), spec('scale', [])],
  outputs: [spec('rows', ['batch*length', 4]), spec('heads', ['4*batch'])],
}
const tensor = (dtype: DType, ...shape: number[]) => ({ dtype, shape })
const fitting = {
  ids: tensor('int64', 2, 3),
  scale: tensor('float32'),
  rows: tensor('float32', 6, 4),
  heads: tensor('float32', 8),
}

describe('a binding', () => {
  test('that fits', () => {
    expect(() => checkBinding(program, fitting)).not.toThrow()
    const empty = { rows: tensor('float32', 0, 4), heads: tensor('float32', 0) }
    const ids = tensor('int64', 0, 3)
    expect(() => checkBinding(program, { ...fitting, ...empty, ids })).not.toThrow()
  })

  test.each([
    ['a missing input', { ids: undefined }, 'input "ids" int64 (batch, length) is not bound'],
    ['a missing output', { heads: undefined }, 'output "heads" float32 (4*batch) is not bound'],
    [
      'an unknown name',
      { id: fitting.ids },
      'no tensor "id"; its tensors are ids, scale, rows, heads',
    ],
    [
      'another dtype',
      { ids: tensor('int32', 2, 3) },
      '"ids" int64 (batch, length) was given int32 (2, 3)',
    ],
    [
      'another rank',
      { scale: tensor('float32', 1) },
      'input "scale" float32 () was given float32 (1)',
    ],
    [
      'another size',
      { rows: tensor('float32', 6, 5) },
      'output "rows" float32 (batch*length, 4) was given float32 (6, 5)',
    ],
    [
      'a wrong product',
      { rows: tensor('float32', 5, 4) },
      'dimension batch*length of "rows" is 5, but should be 6',
    ],
    [
      'a wrong multiple',
      { heads: tensor('float32', 2) },
      'dimension 4*batch of "heads" is 2, but should be 8',
    ],
  ])('with %s is refused', (_, change, message) => {
    const tensors: Record<string, ReturnType<typeof tensor>> = { ...fitting }
    for (const [name, value] of Object.entries(change))
      if (value) tensors[name] = value
      else delete tensors[name]
    const bind = () => checkBinding(program, tensors)
    expect(bind).toThrow(`program "step": `)
    expect(bind).toThrow(message)
  })

  test('with one name for two sizes is refused', () => {
    const square = { label: 'p', inputs: [spec('x', ['n', 'n'])], outputs: [spec('y', ['n'])] }
    const bind = (x: number[], y: number[]) => () =>
      checkBinding(square, { x: tensor('float32', ...x), y: tensor('float32', ...y) })
    expect(bind([2, 2], [2])).not.toThrow()
    expect(bind([2, 3], [2])).toThrow('dimension n is 2 in "x" and 3 in "x"')
    expect(bind([2, 2], [3])).toThrow('dimension n is 2 in "x" and 3 in "y"')
  })
})

test('values become elements of the dtype', () => {
  const target = (dtype: DType) => ({ dtype, shape: [3], size: 3 })
  const floats = Float32Array.of(1, 2, 3)
  expect(checkValues(target('float32'), floats)).toBe(floats)
  expect(checkValues(target('float32'), [0.5, -1, 2])).toEqual(Float32Array.of(0.5, -1, 2))
  expect(checkValues(target('int64'), [1, -2, 3])).toEqual(BigInt64Array.of(1n, -2n, 3n))
  expect(checkValues(target('bool'), [1, 0, 1])).toEqual(Uint8Array.of(1, 0, 1))
  expect(() => checkValues(target('int8'), Uint8Array.of(1, 2, 3))).toThrow(
    'int8 (3) takes a Int8Array or numbers, not a Uint8Array',
  )
})

test('shapes are whole numbers of at least 0', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5)), (shape) => {
      expect(() => checkShape(shape)).not.toThrow()
    }),
  )
  for (const dim of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
    expect(() => checkShape([1, dim])).toThrow(`(1, ${dim}) is not a shape`)
})
