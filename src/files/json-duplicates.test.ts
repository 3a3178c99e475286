import fc from 'fast-check'
import { expect, it } from 'vitest'
import { duplicateKey } from './json-duplicates.ts'

it('finds a key that occurs twice in one object', () => {
  expect(duplicateKey('{"a": 1, "b": {"c": 1, "c" : 2}}')).toBe('c')
  expect(duplicateKey('{"a": [{"x": "}"}], "\\u0061": 2}')).toBe('a')
})

it('allows the same word in different objects, in values and inside strings', () => {
  expect(duplicateKey('{"a": {"a": "a"}, "b": "a\\": a", "c": ["b", "b"], "d\\\\": 0}')).toBe(
    undefined,
  )
})

it('finds nothing in what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 3 }), (value) => {
      expect(duplicateKey(JSON.stringify(value))).toBe(undefined)
    }),
  )
})
