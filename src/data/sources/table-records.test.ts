import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { type TableOptions, tableRecords } from './table-records.ts'

async function* partsOf(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}

const read = async (text: string, options: Partial<TableOptions> = {}, size = 99) => {
  const records = []
  const found: unknown[] = []
  const table = { name: 't.csv', found: (one: unknown) => found.push(one), ...options }
  for await (const record of tableRecords(partsOf(text, size), table)) records.push(record)
  return { records, found }
}
const separatorOf = async (text: string) =>
  ((await read(text)).found[0] as { separator: string }).separator

describe('tableRecords', () => {
  it('gives columns as fields, whose values are text', async () => {
    const { records, found } = await read('label, review \n1,"好，\n""真""好"\n\n0,\n')
    expect(records).toEqual([
      { value: { label: '1', review: '好，\n"真"好' }, where: 't.csv:2' },
      { value: { label: '0', review: '' }, where: 't.csv:5' },
    ])
    expect(found).toEqual([{ columns: ['label', 'review'], separator: ',' }])
  })

  it('has a field for a column of any name', async () => {
    const { records } = await read('__proto__,constructor\nx,y\n')
    expect(Object.entries(records[0]?.value as object)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })

  it('finds the separator by the header, whatever stands in quotes and in texts', async () => {
    expect(await separatorOf('a,b\n1;2,3\n')).toBe(',')
    expect(await separatorOf('评论;标签\n"好；很好, 干净; 安静";1\n房间，大,;0\n')).toBe(';')
    expect(await separatorOf('"text; all of it, really",label\nx,1\n')).toBe(',')
    expect(await separatorOf('"a;b";"c,d"\n1;2\n')).toBe(';')
    expect(await separatorOf('a\tb\n1,2;3\t4\n')).toBe('\t')
    expect(await separatorOf('a,b')).toBe(',')
    expect(await separatorOf('评论，标签\n好，1\n')).toBe(',')
  })

  it('takes the separator that a first line names, as Excel does', async () => {
    const { records, found } = await read('sep=;\r\ntext;label\r\n好, 1;0\r\n')
    expect(records).toEqual([{ value: { text: '好, 1', label: '0' }, where: 't.csv:3' }])
    expect(found).toEqual([{ columns: ['text', 'label'], separator: ';' }])
    expect((await read('SEP=,\na\n1\n')).records[0]?.value).toEqual({ a: '1' })
  })

  it('finds the separator by the rows where the header has several', async () => {
    expect(await separatorOf('name, first;age\nLi, Na;3\nBo;4\n')).toBe(';')
    expect(await separatorOf('score (1;5),text\n3,a;b\n4,c;d;e\n')).toBe(',')
    // A row that is cut off at the end of what is looked at does not count.
    const rows = `${'x;y,z'.repeat(10)};1\n`.repeat(3000)
    expect(await separatorOf(`a;b\n${'x;"y,z"\n'.repeat(12_000)}`)).toBe(';')
    await expect(read(`a;b\n${rows}`)).rejects.toThrow(/^t\.csv:2: found 12 cells; expected 2 /)
  })

  it.each([
    ['a,b\n1\n', 't.csv:2: found 1 cell; expected 2 cells, one for each column (a, b), separated'],
    ['a,b\n1,2\n\n1,2,3\n', 't.csv:4: found 3 cells; expected 2 cells'],
    ['a,b\n1,2,3\n', 'separated by commas; put a cell with a comma in it in quotes'],
    ['a;b\n1;2;3\n', 'separated by semicolons; put a cell with a semicolon in it'],
    ['a\tb\n1\n2\t3\n', 'separated by tabs; a cell ends with its line'],
    ['text\nHello, world\n', 't.csv:2: found 2 cells; expected 1 cell, one for each column (text)'],
    ['a,b,a\n', "t.csv:1: two columns have the name 'a'; the first row of a table names its"],
    [
      '\n,a\n',
      "t.csv:2: column 1 has no name; the first row of a table names its columns: '', 'a'",
    ],
    ['', 't.csv: is empty; expected a table whose first row names its columns'],
    ['\n\n', 't.csv: is empty'],
    ['a,b\n1,"2', 't.csv:2: the quoted cell that begins here is never closed'],
  ])('refuses %j', async (text, message) => {
    const error = await read(text).catch((error) => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toContain(message)
  })

  it('reads no more than it gives, and closes what it reads', async () => {
    let [read, isClosed] = [0, false]
    async function* endless() {
      try {
        yield 'n,text\n'
        for (;;) yield `${read++},${'好'.repeat(100)}\n`
      } finally {
        isClosed = true
      }
    }
    let last = 0
    for await (const { value } of tableRecords(endless(), { name: 't.csv' })) {
      last = Number((value as { n: string }).n)
      if (last === 5000) break
    }
    expect(read - last).toBeLessThan(10)
    expect(isClosed).toBe(true)
  })
})
