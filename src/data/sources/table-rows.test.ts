import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { type Row, type Separator, tableRows } from './table-rows.ts'

const divided = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  )

const rowsOf = async (text: string, separator: Separator = ',', size = text.length || 1) => {
  const rows: Row[] = []
  for await (const row of tableRows(divided(text, size), { name: 't.csv', separator }))
    rows.push(row)
  return rows
}
const cellsOf = async (...given: Parameters<typeof rowsOf>) =>
  (await rowsOf(...given)).map(({ cells }) => cells)

/** Cells with all that a reader of tables could stumble over. */
const cell = fc.string({
  unit: fc.constantFrom('"', ',', ';', '\t', '\n', '\r', '，', '；', 'a', '鲸', '🐳', ' '),
})
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
/** As careful writers do: quotes only where they are needed. */
const written = (text: string, separator: string) =>
  /["\n\r]/.test(text) || text.includes(separator) || text.trim() === '' ? quoted(text) : text

describe('tableRows', () => {
  it.each([',', ';'] as const)(
    'reads any table with %s between cells, however it is divided',
    async (separator) => {
      const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }))
      await fc.assert(
        fc.asyncProperty(
          table,
          fc.constantFrom('\n', '\r\n', '\r'),
          fc.boolean(),
          fc.boolean(),
          fc.integer({ min: 1, max: 9 }),
          async (rows, end, isEnded, isAll, size) => {
            const lines = rows.map((cells) =>
              cells.map((one) => (isAll ? quoted(one) : written(one, separator))).join(separator),
            )
            const text = lines.join(end) + (isEnded ? end : '')
            const read = await rowsOf(text, separator, size)
            expect(read.map(({ cells }) => cells)).toEqual(rows)
            let line = 1
            for (const [i, one] of read.entries()) {
              expect(one.line).toBe(line)
              line += `${lines[i]}${end}`.match(/\r\n|\n|\r/g)?.length ?? 0
            }
          },
        ),
      )
    },
  )

  it('reads tables between tabs, whose cells end with their line', async () => {
    const inLine = cell.map((text) => text.replace(/[\n\r]/g, ''))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(inLine, { minLength: 2, maxLength: 4 })),
        fc.integer({ min: 1, max: 9 }),
        async (rows, size) => {
          const text = rows.map((cells) => cells.map(quoted).join('\t')).join('\n')
          expect(await cellsOf(text, '\t', size)).toEqual(rows)
        },
      ),
    )
  })

  it('takes quotes that enclose nothing for text', async () => {
    expect(await cellsOf('他说"好",1\n5" nail,"a ""b"""\n')).toEqual([
      ['他说"好"', '1'],
      ['5" nail', 'a "b"'],
    ])
    expect(await cellsOf('"a" and "b"\t1\n"open\t0\nlast"\t"x""y"\n""\t"\n', '\t')).toEqual([
      ['"a" and "b"', '1'],
      ['"open', '0'],
      ['last"', 'x"y'],
      ['', '"'],
    ])
  })

  it('keeps blanks and full-width commas, and passes over blank lines', async () => {
    expect(await cellsOf('房间，很大；好, 1\n\n  \n"x"  ,\n,\n')).toEqual([
      ['房间，很大；好', ' 1'],
      ['x', ''],
      ['', ''],
    ])
    expect(await cellsOf('a\t\n\t\n', '\t')).toEqual([
      ['a', ''],
      ['', ''],
    ])
    expect(await cellsOf('')).toEqual([])
  })

  it.each([
    ['a,b\n1,"x" y\n', 't.csv:2: “y” follows the closing quote of a cell; inside a quoted cell'],
    ['a,b\n1,"x\n"y"', 't.csv:3: “y"” follows'],
    ['a,b\n\n1,"x\ny\n', 't.csv:3: the quoted cell that begins here is never closed'],
    ['"', 't.csv:1: the quoted cell that begins here'],
  ])('refuses %j', async (text, message) => {
    for (const size of [1, 2, 100]) {
      const error = await rowsOf(text, ',', size).catch((error) => error)
      expect(error).toBeInstanceOf(UserError)
      expect(error.message).toContain(message)
    }
  })

  it('refuses a cell without end before it fills the memory', async () => {
    const part = `${'x'.repeat(2 ** 20)}\n`
    function* endless() {
      yield 'a\n"'
      for (;;) yield part
    }
    const read = async () => {
      for await (const _ of tableRows(endless(), { name: 't.csv', separator: ',' }));
    }
    await expect(read()).rejects.toThrow(/^t\.csv:2: a record of more than 100,000,000 characters/)
  })
})
