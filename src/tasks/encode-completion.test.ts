import { expect, test } from 'vitest'
import { IGNORE } from '../data/batch.ts'
import { sequenceRows } from '../data/sequences.ts'
import { trainCharTokenizer } from '../text/char.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { completionSet, encodeCompletion, parseCompletion } from './completion.ts'

const tokenizer = await trainCharTokenizer(['0123456789+=雪白'])
const end = tokenizer.eosId as number
const ids = (text: string) => tokenizer.encode(text)
const variant = (changes: Partial<Tokenizer>): Tokenizer =>
  Object.assign(Object.create(tokenizer), changes)
const encode = (prompt: string, completion: string) =>
  encodeCompletion(
    { prompt, completion, where: 'x:1' },
    { tokenizer, encodePrompt: (text) => (text === '' ? [end] : tokenizer.encode(text)) },
  )

test('a record is a prompt and a completion', () => {
  const record = { prompt: '1+1=', completion: '2', id: 7 }
  expect(parseCompletion(record, 'x:1')).toEqual({ prompt: '1+1=', completion: '2', where: 'x:1' })
  expect(() => parseCompletion({ prompt: 'a' }, 'x:2')).toThrow(
    'x:2: completion is missing; expected {"prompt": "...", "completion": "..."}',
  )
})

test('the completion is learned with its end, the prompt is not', () => {
  const sequence = encode('雪=', '白')
  expect(sequence).toEqual({ ids: [...ids('雪=白'), end], learnedFrom: 2 })
  const { arrays, count } = sequenceRows([sequence, encode('', '1')], { length: 4, padId: 5 })
  expect([...(arrays.ids ?? [])]).toEqual([...ids('雪=白'), 5, end, ...ids('1'), 5, 5])
  expect([...(arrays.targets ?? [])]).toEqual(
    [IGNORE, ids('白')[0], end, IGNORE].concat(ids('1')[0], end, IGNORE, IGNORE),
  )
  expect(count).toBe(4)
  expect(() => encode('x', '1')).toThrow('x:1: ')
})

test('a completion is encoded as what follows its prompt', () => {
  // Like SentencePiece: a blank (0) before every text, and a pair of letters that is one token.
  const pieces = variant({
    eosId: 1,
    encode: (text) => {
      const letters = [...text.replaceAll('ab', '\u00c8')].map((one) => one.charCodeAt(0))
      return text === '' ? [] : [0, ...letters]
    },
  })
  const idsOf = (prompt: string, completion: string) =>
    encodeCompletion(
      { prompt, completion, where: 'x:1' },
      { tokenizer: pieces, encodePrompt: pieces.encode },
    ).ids
  expect(idsOf('c', 'd')).toEqual([0, 99, 100, 1])
  // Together they would be one token, which the model is not asked for after the prompt.
  expect(idsOf('a', 'b')).toEqual([0, 97, 98, 1])
  expect(idsOf('', 'b')).toEqual([0, 98, 1])
})

test('what reaches beyond the context is told; a prompt that fills it is left out', () => {
  const all = [encode('1+1=', '2'), encode('1+', '345678'), encode('123456', '7')]
  const set = completionSet(all, { tokenizer, length: 5 })
  expect(set.count).toBe(2)
  expect(set.notices).toEqual([
    'of 3 records, 1 completions reach beyond 5 tokens, and lose their ends; 1 are left out, ' +
      'since their prompts fill 5 tokens',
  ])
  expect(set.longest).toBe(5)
  expect([...(set.collate([1]).arrays.targets ?? [])]).toEqual([IGNORE, ...ids('3456')])
  expect(completionSet(all, { tokenizer, length: 8 })).toMatchObject({
    count: 3,
    longest: 8,
    notices: [],
  })
})

test('a tokenizer without an end token is refused', () => {
  const endless = variant({ eosId: undefined })
  expect(() =>
    encodeCompletion(
      { prompt: '1', completion: '2', where: 'x:1' },
      { tokenizer: endless, encodePrompt: ids },
    ),
  ).toThrow('the tokenizer has no token for the end of a text')
})
