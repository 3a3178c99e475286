import { describe, expect, it } from 'vitest'
import { GgufMetadata } from './metadata.ts'

const metadata = new GgufMetadata(
  [
    ['layers', { type: 'uint32', value: 12 }],
    ['epsilon', { type: 'float32', value: 1e-5 }],
    ['wide', { type: 'uint64', value: 2n ** 60n }],
    ['name', { type: 'string', value: 'tiny' }],
    ['tied', { type: 'bool', value: false }],
    ['tokens', { type: 'array', items: 'string', value: ['a', 'b'] }],
    ['scores', { type: 'array', items: 'float32', value: Float32Array.of(0, -1) }],
    ['counts', { type: 'array', items: 'int64', value: [1, 2n ** 60n] }],
  ],
  'tiny.gguf',
)

it('gives values of the kind asked for', () => {
  expect(metadata.number('layers')).toBe(12)
  expect(metadata.number('epsilon')).toBe(1e-5)
  expect(metadata.string('name')).toBe('tiny')
  expect(metadata.boolean('tied', true)).toBe(false)
  expect(metadata.strings('tokens')).toEqual(['a', 'b'])
  expect(metadata.numbers('scores')).toEqual(Float32Array.of(0, -1))
})

it('gives the other value only where the key is missing', () => {
  expect(metadata.number('heads', 0)).toBe(0)
  expect(metadata.number('layers', 0)).toBe(12)
  expect(metadata.string('license', '')).toBe('')
  expect(metadata.boolean('bos', false)).toBe(false)
  expect(metadata.strings('merges', [])).toEqual([])
  expect(metadata.numbers('types', [1])).toEqual([1])
  expect(() => metadata.number('name', 0)).toThrow('"name" is string; expected a number')
})

describe('an error names the key', () => {
  it.each<[() => unknown, string]>([
    [() => metadata.number('heads'), 'tiny.gguf: metadata "heads" is missing; expected a number'],
    [
      () => metadata.number('wide'),
      'metadata "wide" is uint64 1152921504606846976; expected a number',
    ],
    [() => metadata.string('layers'), 'metadata "layers" is uint32; expected a string'],
    [() => metadata.boolean('layers'), 'metadata "layers" is uint32; expected a bool'],
    [
      () => metadata.strings('scores'),
      '"scores" is an array of float32; expected an array of strings',
    ],
    [() => metadata.strings('name'), 'metadata "name" is string; expected an array of strings'],
    [
      () => metadata.numbers('tokens'),
      '"tokens" is an array of string; expected an array of numbers',
    ],
    [() => metadata.numbers('layers'), 'metadata "layers" is uint32; expected an array of numbers'],
    [() => metadata.numbers('counts'), 'metadata "counts" is an array of int64; expected an array'],
  ])('%#', (get, message) => {
    expect(get).toThrow(message)
  })
})
