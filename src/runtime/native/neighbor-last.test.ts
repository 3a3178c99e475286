import { expect, test } from 'vitest'
import { addWithNeighbor, addWithUs } from '../../../test/neighbor.ts'

test('works where onnxruntime-node is loaded later', async () => {
  expect(await addWithUs([1, 2], [3, 4])).toEqual([4, 6])
  expect(await addWithNeighbor([1, 2], [3, 4])).toEqual([4, 6])
  expect(await addWithUs([5, 6], [3, 4])).toEqual([8, 10])
})
