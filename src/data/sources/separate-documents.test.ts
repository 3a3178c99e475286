import fc from 'fast-check'
import { expect, it } from 'vitest'
import { separateDocuments } from './separate-documents.ts'

const MARK = '<|end|>'

const separate = async (text: string, size: number): Promise<{ all: string[]; found: number }> => {
  async function* parts() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
  }
  const all: string[] = []
  let found = 0
  const documents = separateDocuments(parts(), MARK, () => {
    found++
  })
  for await (const document of documents) {
    let whole = ''
    for await (const part of document) whole += part
    all.push(whole)
  }
  return { all, found }
}

/** The same line by line, on the whole text. */
function slowly(text: string): string[] {
  const groups: string[][] = [[]]
  for (const line of text.split('\n')) {
    if (line.replace(/\r$/, '').replace(/^[ \t]+|[ \t]+$/g, '') === MARK) groups.push([])
    else groups.at(-1)?.push(line)
  }
  const documents = groups.map((lines, i) => {
    let document = lines.join('\n')
    if (i > 0) document = document.replace(/^[\r\n]+/, '')
    if (i < groups.length - 1) document = document.replace(/[\r\n]+$/, '')
    return document
  })
  const full = documents.filter((document) => document !== '')
  return full.length > 0 ? full : ['']
}

it('ends documents at lines of the separator alone, however the text comes in', async () => {
  const piece = fc.constantFrom('a', '鲸', ' ', '\t', '\n', '\r\n', `\n${MARK}\n`, MARK, '<|', '\n')
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
      fc.integer({ min: 1, max: 9 }),
      async (text, size) => {
        const { all, found } = await separate(text, size)
        expect(all).toEqual(slowly(text))
        expect(found).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 1000 },
  )
})

it('knows where a long line began, and holds little of it', async () => {
  const long = 'x'.repeat(5000)
  const text = `${long}${MARK}\n${long}\n${MARK}\n${long}`
  for (const size of [7, 1000, 5000, 5001])
    expect((await separate(text, size)).all).toEqual([`${long}${MARK}\n${long}`, long])
})
