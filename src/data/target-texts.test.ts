import { expect, test } from 'vitest'
import { llama2File } from '../../test/tokenizer-files.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { loadTokenizer } from '../text/load.ts'
import { IGNORE } from './batch.ts'
import { packedConversations } from './chat/packed-conversations.ts'
import { measuredBytes } from './readers/evaluation-batches.ts'
import { sequenceRows } from './sequences.ts'
import { rowTargets, rowTexts, targetBytes } from './target-texts.ts'
import { memoryTokens } from './token-source.ts'

const tokenizer = await trainCharTokenizer(['abc雪'], { specialTokens: ['<end>'] })
const ids = (text: string) => tokenizer.encode(text)
const end = tokenizer.specialTokens['<end>'] as number

test('only targets count, and special tokens are no text', () => {
  const targets = Int32Array.from([IGNORE, ...ids('a雪'), end, IGNORE, ...ids('b'), IGNORE, IGNORE])
  const batch = { rows: 2, length: 4, arrays: { ids: new Int32Array(8), targets }, count: 5 }
  expect(targetBytes([batch, batch], tokenizer)).toBe(2 * (1 + 3 + 1))
})

test('a blank between a prompt and what follows is counted', () => {
  const llama = loadTokenizer(llama2File())
  const prompt = llama.encode('we cat')
  const all = llama.encode('we cat the')
  const rows = sequenceRows([{ ids: all, learnedFrom: prompt.length }], { length: 8 })
  expect(targetBytes([rows], llama)).toBe(Buffer.byteLength(' the'))
})

test('what is cut off a conversation is not counted', () => {
  const conversation = (answer: string) => {
    const all = [end, ...ids('ab'), ...ids(answer), end]
    return { ids: all, mask: all.map((_, i) => Number(i > 2)) }
  }
  const bytes = (answer: string) => {
    const { collate } = packedConversations([conversation(answer)], 5)
    return targetBytes([collate([0])], tokenizer)
  }
  expect([bytes('c雪'), bytes('c雪a'), bytes(`c雪a${'雪'.repeat(100)}`)]).toEqual([4, 5, 5])
})

test('a first token that nothing comes before is not counted', () => {
  const text = memoryTokens(ids('雪ab'))
  expect(measuredBytes(text, { bytes: 5, tokenizer })).toBe(2)
  expect(measuredBytes(memoryTokens([end, ...ids('雪ab')]), { bytes: 5, tokenizer })).toBe(5)
})

test('a window continues the word before it, and what follows a prompt begins one', async () => {
  const words = await trainCharTokenizer(['ab 雪'])
  const rowOf = (text: string, learnedFrom: number) => {
    const row = sequenceRows([{ ids: words.encode(text), learnedFrom }], { length: 8 })
    return [...rowTexts([row], words)]
  }
  expect(rowOf('ab a雪', 1)).toEqual([{ text: 'b a雪', tokens: 4, words: 2, bytes: 6 }])
  expect(rowOf('ab', 1)[0]?.words).toBe(0)
  expect(rowOf('aab', 2)).toEqual([{ text: 'b', tokens: 1, words: 1, bytes: 1 }])
  const batch = sequenceRows([{ ids: words.encode('ab a'), learnedFrom: 2 }], { length: 8 })
  expect([...rowTargets([batch])]).toEqual([2])
})
