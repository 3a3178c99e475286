import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { openCorpus } from '../sources/corpus.ts'
import type { DataEvent } from '../sources/data-event.ts'
import type { TokenSource } from '../token-source.ts'
import { type Dataset, type DatasetOptions, openDataset, prepareDataset } from './dataset.ts'

/** Characters by their code points; `limit` itself begins a document. */
const codePoints = (limit: number, calls = { count: 0 }): Tokenizer => ({
  vocabSize: limit + 1,
  specialTokens: { '<s>': limit },
  bosId: limit,
  eosId: undefined,
  encode: (text) => {
    calls.count++
    return Array.from(text, (character) => character.codePointAt(0) as number)
  },
  decode: (ids) => String.fromCodePoint(...Array.from(ids)),
  decoder: () => ({ push: () => '', end: () => '' }),
  toJSON: () => ({ limit }),
})
const BOS = 0xffff
const small = codePoints(BOS)

let root: string
let opened: Dataset[]
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chatwright-'))
  opened = []
})
afterEach(async () => {
  for (const dataset of opened) dataset.close()
  await rm(root, { recursive: true })
})

const at = (name: string) => join(root, name)
const corpusOf = (...names: string[]) => openCorpus(names.map(at))
const prepare = async (
  names: string[],
  options: Partial<DatasetOptions> = {},
): Promise<Dataset> => {
  const dataset = await prepareDataset({
    corpus: await corpusOf(...names),
    tokenizer: small,
    folder: at('out/data'),
    ...options,
  })
  opened.push(dataset)
  return dataset
}
const idsOf = (source: TokenSource | undefined): number[] => {
  const ids = new Int32Array(source?.length ?? 0)
  source?.read(0, ids)
  return [...ids]
}
const textOf = (source: TokenSource | undefined) => String.fromCodePoint(...idsOf(source))
const bos = String.fromCodePoint(BOS)

describe('prepareDataset', () => {
  it('holds out nothing of what is added', async () => {
    await writeFile(at('a.txt'), 'abcdefghij')
    await writeFile(at('b.jsonl'), '{"text":"鲸鱼"}\n{"text":"xy"}\n')
    const added = await corpusOf('b.jsonl')
    const { train, validation, hash } = await prepare(['a.txt'], { added, validation: 0.3 })
    expect(textOf(train)).toBe(`${bos}abcdefg${bos}鲸鱼${bos}xy`)
    expect(textOf(validation)).toBe(`${bos}hij`)
    const both = await prepare(['a.txt', 'b.jsonl'], { validation: 0.3 })
    expect(textOf(both.validation)).not.toBe(textOf(validation))
    expect(both.hash).not.toBe(hash)
  })

  it('tokenizes all documents and splits them by characters', async () => {
    await writeFile(at('a.txt'), 'the whale')
    await writeFile(at('b.jsonl'), '{"text":"鲸鱼 🐳"}\n{"text":"xy"}\n')
    const tokenizer = codePoints(0x1ffff)
    const { train, validation, manifest } = await prepare(['a.txt', 'b.jsonl'], {
      tokenizer,
      validation: 0.25,
    })
    const start = String.fromCodePoint(0x1ffff)
    // 15 characters: the last 4 are held out.
    expect(textOf(train)).toBe(`${start}the whale${start}鲸鱼`)
    expect(textOf(validation)).toBe(`${start} 🐳${start}xy`)
    expect(train.counts).toEqual({ tokens: 13, documents: 2, characters: 11, bytes: 15 })
    expect(validation?.counts).toEqual({ tokens: 6, documents: 2, characters: 4, bytes: 7 })
    expect(Array.from(train.documentStarts())).toEqual([0, 10])
    expect(Array.from(validation?.documentStarts() ?? [])).toEqual([0, 3])
    expect(manifest).toMatchObject({
      format: 2,
      dtype: 'uint32',
      marks: { before: [0x1ffff], after: [] },
      validation: 0.25,
    })
    expect((await readdir(at('out'))).sort()).toEqual(['data'])
  })

  it('keeps any ids, in 16 bits where they fit, and reads them by position', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({
          unit: fc.integer({ min: 1, max: 0xd7ff }).map((c) => String.fromCharCode(c)),
          minLength: 1,
        }),
        fc.nat(),
        fc.nat(),
        async (text, a, b) => {
          await writeFile(at('a.txt'), `x${text}`)
          const { train, manifest } = await prepare(['a.txt'], { validation: 0, marks: false })
          expect(manifest.dtype).toBe('uint16')
          const expected = Array.from(`x${text}`, (c) => c.charCodeAt(0))
          expect(idsOf(train)).toEqual(expected)
          const from = a % expected.length
          const part = new Int32Array(b % (expected.length - from + 1))
          train.read(from, part)
          expect([...part]).toEqual(expected.slice(from, from + part.length))
          expect(() => train.read(expected.length, new Int32Array(1))).toThrow(RangeError)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('draws whole documents from all of them where there are many', async () => {
    const lines = Array.from({ length: 120 }, (_, i) => String.fromCodePoint(0x4e00 + i).repeat(3))
    await writeFile(at('a.jsonl'), lines.map((text) => JSON.stringify({ text })).join('\n'))
    const documents = (source: TokenSource | undefined) => textOf(source).split(bos).slice(1)
    const { train, validation } = await prepare(['a.jsonl'], { seed: 1 })
    const held = documents(validation)
    expect([...documents(train), ...held].sort()).toEqual(lines)
    expect(held.length).toBe(12)
    expect(held).not.toEqual(lines.slice(-12))
    const end = await prepare(['a.jsonl'])
    expect(documents(end.validation)).toEqual(lines.slice(-12))
    // Of few documents, the last one is cut, unless they are to stay whole.
    await writeFile(at('b.jsonl'), '{"text":"abcdefgh"}\n{"text":"x"}\n'.repeat(2))
    expect(documents((await prepare(['b.jsonl'], { seed: 1 })).validation)).toEqual(['h', 'x'])
    const whole = await prepare(['b.jsonl'], { validation: 0.5, whole: true })
    expect(documents(whole.validation)).toEqual(['abcdefgh', 'x'])
    const one = await prepare(['b.jsonl'], { whole: true })
    expect(documents(one.validation)).toEqual(['x'])
  })

  it('takes sources of their own for validation, or none', async () => {
    await writeFile(at('a.txt'), 'train')
    await writeFile(at('b.txt'), 'held out')
    const held = await prepare(['a.txt'], { validation: await corpusOf('b.txt') })
    expect([textOf(held.train), textOf(held.validation)]).toEqual([`${bos}train`, `${bos}held out`])
    const none = await prepare(['a.txt'], { validation: 0, marks: false })
    expect([textOf(none.train), none.validation]).toEqual(['train', undefined])
    expect((await readdir(at('out/data'))).sort()).toEqual([
      'dataset.json',
      'train.documents.bin',
      'train.tokens.bin',
    ])
  })

  it('refuses to validate on what it trains on', async () => {
    await writeFile(at('a.txt'), 'same')
    await copyFile(at('a.txt'), at('b.txt'))
    await expect(prepare(['a.txt'], { validation: await corpusOf('b.txt') })).rejects.toThrow(
      /a\.txt is among the training data, and .*b\.txt, for validation, is the same/,
    )
  })

  it.each([1, -0.1, Number.NaN])('refuses a fraction of %d', async (validation) => {
    await writeFile(at('a.txt'), 'x')
    await expect(prepare(['a.txt'], { validation })).rejects.toThrow(UserError)
  })

  it('refuses a split that leaves a part without text', async () => {
    await writeFile(at('a.txt'), 'x')
    await expect(prepare(['a.txt'])).rejects.toThrow(
      'no text is left for train: the data is one document; give more, each as a record',
    )
    expect(await readdir(at('out'))).toEqual([])
  })

  it('reports how far it is', async () => {
    await writeFile(at('a.txt'), 'x'.repeat(50))
    const events: DataEvent[] = []
    await prepare(['a.txt'], { report: (event) => events.push(event) })
    expect(events).toEqual([
      { kind: 'progress', stage: 'count', characters: 50 },
      { kind: 'progress', stage: 'tokenize', characters: 45 },
      { kind: 'progress', stage: 'tokenize', characters: 50 },
    ])
  })
})

describe('reuse', () => {
  const calls = { count: 0 }
  const tokenizer = codePoints(BOS, calls)
  const timesTokenized = async (options: Partial<DatasetOptions> = {}, names = ['a.txt']) => {
    calls.count = 0
    await prepare(names, { tokenizer, ...options })
    return calls.count
  }
  beforeEach(async () => {
    await writeFile(at('a.txt'), 'some text to keep')
    await prepare(['a.txt'], { tokenizer })
  })

  it('opens what is there, though the file was touched or moved', async () => {
    expect(await timesTokenized()).toBe(0)
    await utimes(at('a.txt'), 1, 1)
    expect(await timesTokenized()).toBe(0)
    await copyFile(at('a.txt'), at('b.txt'))
    expect(await timesTokenized({}, ['b.txt'])).toBe(0)
  })

  it('begins anew when anything differs', async () => {
    const { mtime } = await import('node:fs/promises').then(({ stat }) => stat(at('a.txt')))
    await writeFile(at('a.txt'), 'some text to loose')
    expect(await timesTokenized()).toBe(2)
    await writeFile(at('a.txt'), 'same text to loose')
    await utimes(at('a.txt'), mtime, mtime)
    expect(await timesTokenized()).toBe(2)
    expect(textOf(opened.at(-1)?.train)).toBe(`${bos}same text to loo`)
    expect(await timesTokenized({ validation: 0.2 })).toBe(2)
    expect(await timesTokenized({ validation: 0 })).toBe(1)
    expect(await timesTokenized({ validation: 0, marks: false })).toBe(1)
    await writeFile(at('b.txt'), 'more')
    expect(await timesTokenized({ validation: 0 }, ['a.txt', 'b.txt'])).toBe(2)
    expect(await timesTokenized({ validation: 0 }, ['b.txt', 'a.txt'])).toBe(2)
    expect(await timesTokenized({ validation: 0 }, ['b.txt'])).toBe(1)
    expect(await timesTokenized({ validation: 0 }, ['b.txt'])).toBe(0)
    const other = await prepare(['b.txt'], { tokenizer: codePoints(0x10ffff), validation: 0 })
    expect(other.manifest.dtype).toBe('uint32')
    await writeFile(at('out/data/dataset.json'), '{"format":2}')
    expect(await timesTokenized({ validation: 0 }, ['b.txt'])).toBe(1)
  })

  it.each([
    [{ tokenizer: codePoints(9999) }, 'the tokenizer is another'],
    [{ validation: 0.5 }, 'the validation split is another'],
    [{ seed: 3 }, 'the validation split is another'],
    [{ whole: true }, 'the validation split is another'],
    [{ marks: false }, 'documents stand between other special tokens'],
  ])('refuses to go on with other data when it must not change: %#', async (options, reason) => {
    await expect(prepare(['a.txt'], { whenChanged: 'refuse', ...options })).rejects.toThrow(
      `${at('out/data')} was made from other data: ${reason}`,
    )
  })

  it('says which file has changed', async () => {
    await writeFile(at('a.txt'), 'changed')
    await expect(timesTokenized({ whenChanged: 'refuse' })).rejects.toThrow(
      /a\.txt has changed \(17 bytes then, 7 now\)/,
    )
    await writeFile(at('b.txt'), 'new')
    await writeFile(at('a.txt'), 'some text to keep')
    await expect(timesTokenized({ whenChanged: 'refuse' }, ['a.txt', 'b.txt'])).rejects.toThrow(
      /b\.txt is new/,
    )
    expect(await timesTokenized({ whenChanged: 'refuse' })).toBe(0)
  })

  it('does without the sources, with the same tokenizer', async () => {
    await rm(at('a.txt'))
    const dataset = await openDataset(at('out/data'), tokenizer)
    opened.push(dataset)
    expect(textOf(dataset.train)).toBe(`${bos}some text to ke`)
    await expect(openDataset(at('out/data'), codePoints(5))).rejects.toThrow(/another tokenizer/)
    await expect(openDataset(at('none'), tokenizer)).rejects.toThrow(/holds no tokenized data/)
  })
})

describe('damage', () => {
  const tokens = () => at('out/data/train.tokens.bin')
  beforeEach(async () => {
    await writeFile(at('a.txt'), 'some text to keep')
    await prepare(['a.txt'])
  })

  it('of a file cut short is seen, and mended from the sources', async () => {
    await truncate(tokens(), 7)
    await expect(openDataset(at('out/data'), small)).rejects.toThrow(
      `${at('out/data')} is damaged: train.tokens.bin has 7 bytes, but 32 were written; delete`,
    )
    await expect(prepare(['a.txt'], { whenChanged: 'refuse' })).rejects.toThrow(/is damaged/)
    expect(textOf((await prepare(['a.txt'])).train)).toBe(`${bos}some text to ke`)
    await rm(at('out/data/train.documents.bin'))
    await expect(openDataset(at('out/data'), small)).rejects.toThrow(
      /train.documents.bin is missing/,
    )
  })

  it('of any byte is seen when it is opened again', async () => {
    const bytes = await readFile(tokens())
    bytes[9] = (bytes[9] as number) ^ 1
    await writeFile(tokens(), bytes)
    const damage = 'train.tokens.bin has other bytes than were written'
    const message = `${at('out/data')} is damaged: ${damage}`
    await expect(openDataset(at('out/data'), small)).rejects.toThrow(message)
    await expect(prepare(['a.txt'], { whenChanged: 'refuse' })).rejects.toThrow(message)
    expect(textOf((await prepare(['a.txt'])).train)).toBe(`${bos}some text to ke`)
  })

  it('while it is read, and ids that are none, are errors that name the file', async () => {
    const little = codePoints(200)
    const { train } = await prepare(['a.txt'], { tokenizer: little })
    await writeFile(
      tokens(),
      Uint8Array.from({ length: 10 }, () => 255),
    )
    expect(() => idsOf(train)).toThrow(`${tokens()} is damaged: it ends at byte 10`)
    expect(() => train.read(1, new Int32Array(2))).toThrow(
      `${tokens()} is damaged: token 1 is 65535`,
    )
  })
})

describe('the folder', () => {
  it('is left alone when it holds other files', async () => {
    await writeFile(at('a.txt'), 'some text')
    await mkdir(at('out/data'), { recursive: true })
    await writeFile(at('out/data/thesis.doc'), 'precious')
    await expect(prepare(['a.txt'])).rejects.toThrow(/holds thesis\.doc, which is not tokenized/)
    expect(await readFile(at('out/data/thesis.doc'), 'utf8')).toBe('precious')
  })

  it('is not there in part: leftovers of a killed run are cleared away', async () => {
    await writeFile(at('a.txt'), 'some text')
    await mkdir(at('out/.tmp-data'), { recursive: true })
    await writeFile(at('out/.tmp-data/train.tokens.bin'), 'half')
    await prepare(['a.txt'])
    expect(await readdir(at('out'))).toEqual(['data'])
  })

  it('keeps the data of before when the new cannot be read', async () => {
    await writeFile(at('a.txt'), 'some text')
    await prepare(['a.txt'])
    await writeFile(at('a.txt'), Buffer.from([65, 66, 0xff]))
    await expect(prepare(['a.txt'])).rejects.toThrow(/byte 2 is not UTF-8/)
    expect(textOf((await openDataset(at('out/data'), small)).train)).toBe(`${bos}some tex`)
    expect(await readdir(at('out'))).toEqual(['data'])
  })

  it('keeps the data of before when the disk is full', async () => {
    await writeFile(at('a.txt'), 'some text')
    await prepare(['a.txt'])
    await writeFile(at('b.txt'), 'other text')
    const noRoom = {
      ...small,
      encode: () => {
        throw Object.assign(new Error('write'), { code: 'ENOSPC' })
      },
    }
    await expect(prepare(['b.txt'], { tokenizer: noRoom })).rejects.toThrow(
      /train\.tokens\.bin: the disk is full; free some space/,
    )
    expect(textOf((await prepare(['a.txt'])).train)).toBe(`${bos}some tex`)
    expect(await readdir(at('out'))).toEqual(['data'])
  })

  it('is not made from a file that changes meanwhile', async () => {
    await writeFile(at('a.txt'), 'some text')
    const corpus = await corpusOf('a.txt')
    let times = 0
    const changing = {
      ...corpus,
      async *documents() {
        yield* corpus.documents()
        if (++times === 2) await writeFile(at('a.txt'), 'other text')
      },
    }
    await expect(prepare(['a.txt'], { corpus: changing })).rejects.toThrow(
      /the data changed while it was read: .*a\.txt has changed/,
    )
  })
})
