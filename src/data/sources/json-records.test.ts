import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { jsonArray, jsonLines, type SourceRecord, textOf } from './json-records.ts'

const collect = async (records: AsyncIterable<SourceRecord>): Promise<SourceRecord[]> => {
  const all: SourceRecord[] = []
  for await (const record of records) all.push(record)
  return all
}

const divided = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  )

/** Strings with all that a JSON reader could stumble over. */
const value = fc.jsonValue({
  stringUnit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', '\n', 'a', '鲸', '🐳', ' '),
})

describe('jsonArray', () => {
  it('gives the items of any list, however it is written and divided', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(value),
        fc.constantFrom(undefined, 1, '\t'),
        fc.integer({ min: 1, max: 9 }),
        async (items, indent, size) => {
          const text = ` \n${JSON.stringify(items, null, indent)}\n`
          const records = await collect(jsonArray(divided(text, size), 'f.json'))
          expect(records.map((record) => record.value)).toEqual(JSON.parse(text))
        },
      ),
    )
  })

  it('says on which line an item begins', async () => {
    const text = '\n[\n"a",\n\n{"b":\n1},   {"c": 2}\n,\n[]\n]\n'
    const records = await collect(jsonArray(divided(text, 3), 'f.json'))
    expect(records.map(({ where }) => where)).toEqual([
      'f.json:3',
      'f.json:5',
      'f.json:6',
      'f.json:8',
    ])
  })

  it.each([
    ['[1,\n2,\n[', 'f.json: ends inside its list, at item 3'],
    ['[1,\n2}', "f.json:2: found '}' inside the list"],
    ['[1,\n"a', 'f.json: ends inside its list, at item 2'],
    ['[1,\n\n{"a": b}]', 'f.json:3: is not valid JSON'],
    ['[1,]', 'f.json:1: is not valid JSON'],
    ['[,]', 'f.json:1: is not valid JSON'],
    ['[1]\n\n2', "f.json:3: found '2' after the list"],
    ['\n{}', "f.json:2: found '{' before the list"],
    ['', 'f.json: is empty'],
  ])('refuses %j', async (text, message) => {
    const error = await collect(jsonArray(divided(text, 2), 'f.json')).catch((error) => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toContain(message)
  })
})

describe('jsonLines', () => {
  it('gives one value a line, however the lines end and are divided', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(value),
        fc.constantFrom('\n', '\r\n', '\n\n'),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        async (items, end, ended, size) => {
          const lines = items.map((item) => JSON.stringify(item))
          const text = lines.join(end) + (ended ? end : '')
          const records = await collect(jsonLines(divided(text, size), 'f.jsonl'))
          expect(records.map((record) => record.value)).toEqual(
            lines.map((line) => JSON.parse(line)),
          )
          const step = end === '\n\n' ? 2 : 1
          expect(records.map((record) => record.where)).toEqual(
            lines.map((_, i) => `f.jsonl:${i * step + 1}`),
          )
        },
      ),
    )
  })

  it('refuses a line that is not JSON', async () => {
    await expect(collect(jsonLines(['{"a":1}\n{"a"'], 'f.jsonl'))).rejects.toThrow(
      /^f\.jsonl:2: is not valid JSON/,
    )
  })
})

describe('records', () => {
  it.each([jsonLines, jsonArray])(
    '%o refuses those too deep or too long to be read',
    async (read) => {
      const [before, after] = read === jsonLines ? ['1\n', ''] : ['[1,\n', ']']
      const nested = `${before}${'['.repeat(99)}${']'.repeat(99)}${after}`
      expect((await collect(read([nested], 'f'))).length).toBe(2)
      const deep = `${before}${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}${after}`
      await expect(collect(read([deep], 'f'))).rejects.toThrow(
        /^f:2: lists and objects are nested more than 100 deep/,
      )
      const part = 'x'.repeat(2 ** 20)
      function* endless() {
        yield `${before}"`
        for (;;) yield part
      }
      await expect(collect(read(endless(), 'f'))).rejects.toThrow(
        /^f(:2|, item 2): a record of more than 100,000,000 characters; divide it/,
      )
    },
  )

  it('say where an object or a list is indented instead of one a line', async () => {
    for (const text of ['{\n "data": [{"text": "hello"}]\n}\n', '{"data": [\n{"text": "x"}\n]}'])
      await expect(collect(jsonLines([text], 'f.json'))).rejects.toThrow(
        'f.json:1: holds only the beginning of a JSON value; expected a whole record on each ' +
          'line, or one list of records, [ ... ]',
      )
  })
})

describe('textOf', () => {
  it('takes a string, a field, or a list of lines in it', () => {
    const where = 'f.jsonl:7'
    expect(textOf({ value: 'x', where }, 'text')).toBe('x')
    expect(textOf({ value: { text: 'y' }, where }, 'text')).toBe('y')
    expect(textOf({ value: { lines: ['a', 'b'] }, where }, 'lines')).toBe('a\nb')
  })

  it.each([
    [
      { body: 'x', id: 1 },
      "expected the text in field 'text', but there is none; the fields are: body, id. Name one " +
        'with #, as in f.jsonl#body',
    ],
    [{ text: 5 }, "expected the text in field 'text', but it is no text"],
    [5, "expected a text, or an object with a field 'text'"],
    [null, 'expected a text'],
    [['a'], 'expected a text'],
  ])('refuses %j', (value, message) => {
    const read = () => textOf({ value, where: 'f.jsonl:7' }, 'text')
    expect(read).toThrow(UserError)
    expect(read).toThrow(`f.jsonl:7: ${message}`)
  })

  it('is not misled by inherited fields', () => {
    expect(() => textOf({ value: {}, where: 'f' }, 'constructor')).toThrow('there is none')
  })
})
