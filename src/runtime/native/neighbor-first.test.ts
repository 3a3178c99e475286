import { expect, test } from 'vitest'
import { addWithNeighbor, addWithUs } from '../../../test/neighbor.ts'

test('works where onnxruntime-node was loaded first', async () => {
  expect(await addWithNeighbor([1, 2], [3, 4])).toEqual([4, 6])
  expect(await addWithUs([1, 2], [3, 4])).toEqual([4, 6])
  expect(await addWithNeighbor([5, 6], [3, 4])).toEqual([8, 10])
})
