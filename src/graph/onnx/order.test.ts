import { expect, test } from 'vitest'
import { forMemory } from './order.ts'
import type { NodeProto } from './proto.ts'

const node = (name: string, inputs: string[]): NodeProto => ({
  type: 'Add',
  name,
  inputs,
  outputs: [name],
  attributes: {},
  domain: '',
})

test('nodes without consumers come last, the deepest first', () => {
  const nodes = [
    node('a', ['x']),
    node('loss', ['a']),
    node('b', ['a']),
    node('first gradient', ['b']),
    node('c', ['b']),
    node('second gradient', ['c']),
  ]
  expect(forMemory(nodes).map(({ name }) => name)).toEqual([
    'a',
    'b',
    'c',
    'second gradient',
    'first gradient',
    'loss',
  ])
})
