import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAugmenter } from './open-augmenter.ts'
import { readWordNet } from './wordnet.ts'

let folder: string
const path = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-synonyms-'))
})
afterAll(() => rm(folder, { recursive: true }))

const SEED = { seed: 1 }
const open = (synonyms: string) =>
  openAugmenter({ augment: { replacement: 0.1 }, synonyms: path(synonyms), ...SEED })

describe('a dictionary', () => {
  it('is JSON, or lines with tabs', async () => {
    await writeFile(path('words.json'), '{"movie": ["film"], "电影": "影片"}')
    await writeFile(path('words.tsv'), '\ufeffMovie\tfilm\r\n\r\n电影\t影片\t片子\r\n')
    const json = await open('words.json')
    expect(json.always(0).text('A Movie.')).toBe('A Film.')
    expect(json.always(0).text('电影')).toBe('影片')
    const lines = await open('words.tsv')
    expect(lines.always(0).text('movie')).toBe('film')
    expect(['影片', '片子']).toContain(lines.always(3).text('电影'))
    expect(json.identity.synonyms).not.toBe(lines.identity.synonyms)
  })

  it('is refused with the line at fault, and where it knows no word', async () => {
    await writeFile(path('faulty.tsv'), 'movie\tfilm\nalone\n')
    await expect(open('faulty.tsv')).rejects.toThrow(/faulty\.tsv:2: expected a word and its/)
    await writeFile(path('faulty.json'), '{"movie": 1}')
    await expect(open('faulty.json')).rejects.toThrow(/faulty\.json: expected synonyms by word/)
    await expect(open('none.tsv')).rejects.toThrow(/none\.tsv.*no such file/)
    const { expectSynonyms } = await open('words.json')
    await expectSynonyms(['nothing', 'a MOVIE'])
    await expect(expectSynonyms(['nothing here', '没有'])).rejects.toThrow(/words\.json has no syn/)
  })

  it('is not read where no operation needs it', async () => {
    const augmenter = await openAugmenter({ augment: { swap: 0.1 }, ...SEED })
    expect(augmenter.identity).toEqual({})
    await augmenter.expectSynonyms(['nothing'])
  })
})

describe('WordNet', () => {
  it('has the words of all synsets of a word and its base forms', async () => {
    await mkdir(path('dict'))
    const files = {
      'data.noun':
        '  1 This software and database is being provided to you\n' +
        '06626039 10 n 04 movie 0 film 0 motion_picture 0 Flick 1 002 @ 07 n 0000 | a form of\n' +
        '07594066 13 n 02 child 0 kid 0 000 | young\n',
      'data.verb': '00000001 30 v 02 buy 0 purchase 0 000 | obtain\n',
      'data.adj': '00000002 00 s 02 ready(p) 0 prepared 0 000 | fit\n',
      'data.adv': '00000003 02 r 02 fast 0 tight 1 000 | firmly\n',
    }
    for (const [name, text] of Object.entries(files)) await writeFile(path(`dict/${name}`), text)
    const synonyms = await readWordNet(path('dict'))
    expect(synonyms('movie')).toEqual(['film', 'motion picture', 'Flick'])
    expect(synonyms('motion picture')).toEqual(['movie', 'film', 'Flick'])
    expect(synonyms('movies')).toEqual(['film', 'motion picture', 'Flick'])
    expect(synonyms('kids')).toEqual(['child'])
    expect(synonyms('buying')).toEqual(['purchase'])
    expect(synonyms('ready')).toEqual(['prepared'])
    expect(synonyms('fast')).toEqual(['tight'])
    expect(synonyms('tightly')).toEqual([])
    await rm(path('dict/data.adv'))
    await expect(readWordNet(path('dict'))).rejects.toThrow(/data\.adv, a file of WordNet.*no such/)
  })
})
