import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { recordsHash } from './records-hash.ts'

it('is the hash of the JSON of all records, without where they stand', () => {
  const lists = [
    [
      { text: 'a', where: 'f:1' },
      { words: ['鲸', 'b'], where: 'f:2' },
    ],
    [],
    [{ x: 1 }],
  ]
  const json = JSON.stringify([[{ text: 'a' }, { words: ['鲸', 'b'] }], [], [{ x: 1 }]])
  expect(recordsHash(lists)).toBe(createHash('sha256').update(json).digest('hex'))
  // What a record says under that name itself is a part of it.
  const at = (where: string) => recordsHash([[{ tools: [{ where }], where: 'f:1' }]])
  expect(at('街')).not.toBe(at('city'))
  expect(recordsHash([[{ x: 1 }], []])).not.toBe(recordsHash([[], [{ x: 1 }]]))
})

it('is of more records than a string could hold', () => {
  // Arrays of one long text: 700 million characters of JSON.
  const record = { text: 'x'.repeat(10_000_000) }
  const all = new Array<typeof record>(70).fill(record)
  expect(recordsHash([all])).toMatch(/^[0-9a-f]{64}$/)
})
