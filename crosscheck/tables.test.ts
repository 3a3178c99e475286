import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPreferences } from '../src/data/chat/preferences.ts'
import { openCorpus } from '../src/data/sources/corpus.ts'
import { Random } from '../src/random.ts'

const shared = (path: string) =>
  fileURLToPath(new URL(`../../shared/data/${path}`, import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterAll(() => rm(folder, { recursive: true }))

const python = (script: string, ...given: string[]): string =>
  execFileSync('python3', ['-c', script, ...given], { maxBuffer: 2 ** 28 }).toString()

const READ = `
import csv, json, sys
path, separator, quoting = sys.argv[1:]
with open(path, encoding='utf-8-sig', newline='') as file:
    print(json.dumps(list(csv.DictReader(file, delimiter=separator, quoting=int(quoting)))))
`

const recordsOf = async (path: string) => {
  const values: unknown[] = []
  for await (const { value } of (await openCorpus([path])).records()) values.push(value)
  return values
}

it.each([
  ['tasks/chnsenticorp/ChnSentiCorp_htl_all.csv', ',', 0, 7766],
  ['tasks/sst2/dev.tsv', '\t', 3, 6735],
] as const)("%s has the rows that Python's csv reads", async (name, separator, quoting, count) => {
  const path = shared(name)
  const expected = JSON.parse(python(READ, path, separator, String(quoting)))
  expect(expected).toHaveLength(count)
  expect(await recordsOf(path)).toEqual(expected)
})

const WRITE = `
import csv, json, sys
path, separator, quoting, end = sys.argv[1:]
with open(path, 'w', encoding='utf-8-sig', newline='') as file:
    csv.writer(file, delimiter=separator, quoting=int(quoting), lineterminator=end).writerows(
        json.load(sys.stdin))
`

it.each([
  [',', 0, '\r\n'],
  [';', 0, '\n'],
  [';', 1, '\r\n'],
  [',', 1, '\r'],
] as const)("what Python's csv writes is read: %j %j %j", async (separator, quoting, end) => {
  const random = new Random(7)
  const units = ['"', ',', ';', '\t', '\n', '\r\n', '，', '；', "'", ' ', '好', 'word']
  const cell = () =>
    `x${Array.from({ length: random.integer(9) }, () => units[random.integer(12)]).join('')}`
  const rows = Array.from({ length: 500 }, () => [cell(), cell(), cell()])
  const table = [['评论', 'a,b;c', 'label'], ...rows]
  const path = join(folder, 'table.csv')
  const input = JSON.stringify(table)
  execFileSync('python3', ['-c', WRITE, path, separator, String(quoting), end], { input })
  expect((await recordsOf(path)).map((value) => Object.values(value as object))).toEqual(rows)
})

it('reads the preferences that others published', async () => {
  const read = async (path: string) => {
    let left = 0
    const all = []
    for await (const one of readPreferences(await openCorpus([shared(path)]), () => left++))
      all.push(one)
    return { all, left }
  }
  const hh = await read('preference/hh-harmless-test.jsonl.gz')
  // Four of the preferred answers are empty.
  expect([hh.all.length, hh.left]).toEqual([2308, 4])
  for (const { prompt, chosen, rejected } of hh.all) {
    expect(prompt.length % 2).toBe(1)
    expect([chosen.length, rejected.length]).toEqual([1, 1])
  }
  const alpaca = await read('chat/instruction-data-with-preference.json')
  // In six both answers are the same.
  expect([alpaca.all.length, alpaca.left]).toEqual([1094, 6])
})
