import { expect, test } from 'vitest'
import { choose } from './choose.ts'

const names = ['GPT-2 small', 'Llama 110M']

test('a part of a name chooses, in whatever case', () => {
  expect(choose(names, 'llama')).toEqual(['Llama 110M'])
  expect(choose(names, '')).toEqual(names)
})

test('a part of no name is refused', () => {
  expect(() => choose(names, 'huge')).toThrow(/--only huge: .*GPT-2 small/)
})
