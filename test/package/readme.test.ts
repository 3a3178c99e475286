import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'

const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
const [english, chinese] = await Promise.all([read('README.md'), read('README.zh-CN.md')])

const blocks = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([block]) => block)

it('says the same in both languages', () => {
  for (const pattern of [
    /```ts\n.*?```/gs,
    /^ {4}.*$/gm,
    /^\| `.*?` \|/gm,
    /\]\([^)]*\)/g,
    /^#+ /gm,
    /^- /gm,
  ]) {
    const expected = blocks(english, pattern).filter((block) => !block.includes('README'))
    expect(expected.length).toBeGreaterThan(0)
    expect(blocks(chinese, pattern).filter((block) => !block.includes('README'))).toEqual(expected)
  }
})

it('lists every command', () => {
  const listed = blocks(english, /^\| `chatwright \w+/gm).map((line) => line.split(' ').at(-1))
  const commands = createProgram().commands.map((command) => command.name())
  expect(listed.sort()).toEqual(commands.sort())
})

it('links to what is there', async () => {
  const links = blocks(english + chinese, /\]\([^)#]*\)/g).map((link) => link.slice(2, -1))
  for (const link of links) {
    if (!link.endsWith('/')) expect((await read(link)).length, link).toBeGreaterThan(100)
  }
})
