import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConversations } from '../src/data/chat/conversation.ts'
import { evaluationBatches } from '../src/data/readers/evaluation-batches.ts'
import { openCorpus } from '../src/data/sources/corpus.ts'
import { prepareDataset } from '../src/data/store/dataset.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'

const shared = (path: string) =>
  fileURLToPath(new URL(`../../shared/data/${path}`, import.meta.url))

const characters = (text: string): Tokenizer => {
  const vocabulary = [...new Set(text)].sort()
  const ids = new Map(vocabulary.map((character, id) => [character, id]))
  return {
    vocabSize: vocabulary.length,
    specialTokens: {},
    bosId: undefined,
    eosId: undefined,
    encode: (text) => Array.from(text, (character) => ids.get(character) as number),
    decode: (ids) => Array.from(ids, (id) => vocabulary[id]).join(''),
    decoder: () => ({ push: () => '', end: () => '' }),
    toJSON: () => ({ vocabulary }),
  }
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterAll(() => rm(folder, { recursive: true }))

it("splits tinyshakespeare as nanoGPT's prepare.py does", async () => {
  const path = shared('text/tinyshakespeare.txt')
  const text = await readFile(path, 'utf8')
  const tokenizer = characters(text)
  const corpus = await openCorpus([path])
  const { train, validation, manifest, close } = await prepareDataset({
    corpus,
    tokenizer,
    folder: join(folder, 'shakespeare'),
  })
  expect([tokenizer.vocabSize, manifest.dtype]).toEqual([65, 'uint16'])
  expect([train.length, validation?.length]).toEqual([1_003_854, 111_540])
  let read = ''
  for (const part of [train, validation]) {
    const ids = new Int32Array(part?.length ?? 0)
    part?.read(0, ids)
    read += tokenizer.decode(ids)
  }
  expect(read === text).toBe(true)
  let targets = 0
  for (const batch of evaluationBatches(validation ?? train, { rows: 64, length: 64 })) {
    for (const target of batch.arrays.targets ?? []) if (target !== -100) targets++
  }
  expect(targets).toBe(111_539)
  close()
})

describe('records', () => {
  it('of TinyStories are one document each', async () => {
    const path = shared('text/tinystories-1000.json')
    const expected = JSON.parse(await readFile(path, 'utf8'))
    const corpus = await openCorpus([path])
    const texts: string[] = []
    for await (const piece of corpus.documents()) texts.push(piece.text)
    expect(expected.length).toBe(1000)
    expect(texts).toEqual(expected)
  })

  it.each([
    ['alpaca_data_en_52002.json', 52_002, 28],
    ['alpaca_zh_hikariming.json', 17_476, undefined],
    ['instruction-data.json', 1100, 0],
  ])('of %s are conversations', async (name, rows, empty) => {
    const path = shared(`chat/${name}`)
    const expected = JSON.parse(await readFile(path, 'utf8')) as {
      instruction: string
      output: string
    }[]
    expect(expected.length).toBe(rows)
    const corpus = await openCorpus([path])
    let leftOut = 0
    const answers: string[] = []
    for await (const { messages } of readConversations(corpus, () => leftOut++)) {
      answers.push(messages[1]?.content ?? '')
    }
    expect(answers).toEqual(expected.map(({ output }) => output).filter((text) => text.trim()))
    expect(answers.length + leftOut).toBe(rows)
    if (empty !== undefined) expect(leftOut).toBe(empty)
  })

  it('in a zipped file have a field of their own', async () => {
    const corpus = await openCorpus([`${shared('preference/hh-harmless-test.jsonl.gz')}#chosen`])
    let count = 0
    for await (const { text } of corpus.documents()) {
      expect(text).toMatch(/^\n\nHuman: /)
      count++
    }
    expect(count).toBe(2312)
  })
})
