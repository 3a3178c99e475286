import { expect, test } from 'vitest'
import { formatRows, row } from './row.ts'

const faster = row({
  name: 'step',
  ours: 20,
  peer: 30,
  peerName: 'PyTorch',
  unit: 'ms',
  better: 'lower',
})
const slower = row({
  name: 'rate',
  ours: 1234,
  peer: 2468,
  peerName: 'x',
  unit: 'tok/s',
  better: 'higher',
})
const alone = row({ name: 'memory', ours: 0.1234, unit: 'MiB', better: 'lower' })

test('a ratio above 1 means that ours is better', () => {
  expect(faster.ratio).toBe(1.5)
  expect(slower.ratio).toBe(0.5)
  expect(alone.ratio).toBe(undefined)
})

test('a table aligns its columns', () => {
  expect(formatRows([faster, slower, alone]).split('\n')).toEqual([
    '         ours         peer           ratio',
    'step     20.0  ms     30.0  PyTorch  1.50x',
    'rate     1234  tok/s  2468  x        0.50x',
    'memory  0.123  MiB',
  ])
})
