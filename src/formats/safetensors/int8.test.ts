import { expect, it } from 'vitest'
import { collect } from '../../../test/gguf.ts'
import { bytesSource } from '../../files/byte-source.ts'
import { withScales } from './int8.ts'
import { encodeSafetensors, openSafetensors, type TensorToWrite } from './safetensors.ts'

const matrix = Int8Array.of(127, -64, 0, 1, 2, -127)
const opened = async (...others: TensorToWrite[]) => {
  const all: TensorToWrite[] = [
    { name: 'q.weight', dtype: 'I8', shape: [2, 3], data: matrix },
    { name: 'norm.weight', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) },
    ...others,
  ]
  return withScales(await openSafetensors(bytesSource(await collect(encodeSafetensors(all)))))
}
const float = (name: string, shape: number[], ...values: number[]): TensorToWrite => ({
  name,
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
})

it('LLM.int8: a row times its largest magnitude, on 127', async () => {
  const weights = await opened(float('q.SCB', [2], 254, 12.7))
  expect([...weights.tensors.keys()].sort()).toEqual(['norm.weight', 'q.weight'])
  const expected = [254, -128, 0, 0.1, 0.2, -12.7]
  const values = await weights.readFloat32('q.weight')
  expect(Array.from(values, (x) => Number(x.toFixed(5)))).toEqual(expected)
  expect([...(await weights.readFloat32('norm.weight'))]).toEqual([1, 2])
})

it('compressed-tensors: a scale for each row or for all, and what is zero', async () => {
  const rows = await opened(float('q.weight_scale', [2, 1], 0.5, 2))
  expect([...(await rows.readFloat32('q.weight'))]).toEqual([63.5, -32, 0, 2, 4, -254])
  const zeros = { name: 'q.weight_zero_point', dtype: 'I8', data: Int8Array.of(1) } as const
  const one = await opened(float('q.weight_scale', [1], 0.5), { ...zeros, shape: [1] })
  const into = new Float32Array(6)
  expect(await one.readFloat32('q.weight', into)).toBe(into)
  expect([...into]).toEqual([63, -32.5, -0.5, 0, 0.5, -64])
})

it('refuses a matrix without scales, and scales that do not fit', async () => {
  await expect((await opened()).readFloat32('q.weight')).rejects.toThrow('no scales beside it')
  const three = await opened(float('q.SCB', [3], 1, 2, 3))
  await expect(three.readFloat32('q.weight')).rejects.toThrow('q.SCB has 3 scales for 2 rows')
})
