import fc from 'fast-check'
import { expect, it } from 'vitest'
import { collect } from '../../../test/gguf.ts'
import { mutate, numbersOf, someMutation, sourceOf } from '../../../test/mutate.ts'
import { UserError } from '../../errors.ts'
import { encodeGguf } from './encode.ts'
import { openGguf } from './gguf.ts'
import type { GgufValue } from './values.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 100

const metadata = new Map<string, GgufValue>([
  ['general.alignment', { type: 'uint32', value: 8 }],
  ['name', { type: 'string', value: 'tiny' }],
  ['tied', { type: 'bool', value: true }],
  ['size', { type: 'uint64', value: 5 }],
  ['tokens', { type: 'array', items: 'string', value: ['a', 'é', ''] }],
  ['scores', { type: 'array', items: 'float32', value: [0, -1, -2] }],
  ['counts', { type: 'array', items: 'int64', value: [1, 2] }],
  [
    'nested',
    { type: 'array', items: 'array', value: [{ type: 'array', items: 'bool', value: [true] }] },
  ],
])
const tensors = [
  { name: 'embedding', type: 'F32', shape: [2, 3], data: new Float32Array(6).fill(0.5) },
  { name: 'norm', type: 'F16', shape: [3], data: new Float32Array(3).fill(1) },
  { name: 'query', type: 'Q8_0', shape: [2, 32], data: new Float32Array(64).fill(-1) },
  { name: 'value', type: 'Q6_K', shape: [256], data: new Uint8Array(210).fill(77) },
] as const

it(`survives ${CASES} mutations: read in bounds, or refused as the user's mistake`, async () => {
  const whole = await collect(encodeGguf({ metadata, tensors }))
  const { tensors: placed } = await openGguf(sourceOf(whole, () => undefined))
  const header = Math.min(...[...placed.values()].map(({ offset }) => offset))
  const fields = numbersOf(whole, header)
  let [opened, refused] = [0, 0]
  const mutations = fc.array(someMutation, { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(mutations, async (list) => {
      const bytes = list.reduce<Uint8Array>(
        (file, mutation) => mutate(file, mutation, fields),
        whole,
      )
      let read = 0
      const count = (length: number) => {
        read += length
      }
      try {
        const file = await openGguf(sourceOf(bytes, count))
        expect(read).toBeLessThanOrEqual(bytes.length)
        let covered = 0
        for (const [name, { shape, length }] of file.tensors) {
          expect((await file.readFloat32(name)).length).toBe(shape.reduce((a, b) => a * b, 1))
          covered += length
        }
        expect(covered).toBeLessThan(bytes.length)
        opened++
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused++
      }
    }),
    { numRuns: CASES },
  )
  // Both outcomes occur: most damage is seen, damage to a value cannot be.
  expect(opened).toBeGreaterThan(CASES / 20)
  expect(refused).toBeGreaterThan(CASES / 4)
})
