import { expect, test } from 'vitest'
import { type Adapter, checkAlike } from './adapter.ts'

const adapter = (name: string, values?: number[]): Adapter => ({
  name,
  updates: new Map(),
  replaced: new Map(
    values && [['wte.weight', { shape: [values.length], values: Float32Array.from(values) }]],
  ),
})

test('what adapters bring along must be the same for all that bring any', () => {
  checkAlike([adapter('a'), adapter('b', [1, 2]), adapter('c', [1, 2]), adapter('d')])
  expect(() => checkAlike([adapter('a', [1, 2]), adapter('b'), adapter('c', [1, 3])])).toThrow(
    /^a and c bring different wte\.weight along/,
  )
  expect(() => checkAlike([adapter('a', [1, 2]), adapter('b', [1, 2, 3])])).toThrow(/a and b/)
})
