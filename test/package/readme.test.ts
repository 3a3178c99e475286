import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'

const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
const names = ['README', 'docs/commands', 'docs/models', 'docs/formats']
const pages = await Promise.all(
  names.map(async (name) => ({
    name,
    english: await read(`${name}.md`),
    chinese: await read(`${name}.zh-CN.md`),
  })),
)

const blocks = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([block]) => block)

/** Links but that to the other language; where a Chinese page is the twin of an English one. */
const links = (text: string) =>
  blocks(text, /\]\([^)]*\)/g)
    .filter((_, i) => i > 0)
    .map((link) => link.replace('.zh-CN', '').replace(/#.*/, ''))

const commandsIn = (text: string) =>
  blocks(text, /^\| `chatwright \w+/gm).map((line) => line.split(' ').at(-1))

it.each(pages)('says the same in both languages: $name', ({ english, chinese }) => {
  for (const part of [/```ts\n.*?```/gs, /^ {4}.*$/gm, /^\| `.*?` \|/gm, /^#+ /gm, /^- /gm])
    expect(blocks(chinese, part)).toEqual(blocks(english, part))
  expect(links(chinese)).toEqual(links(english))
  expect(links(english).length).toBeGreaterThan(0)
})

it('has a block of each kind to compare', () => {
  const [readme = '', commands = ''] = pages.map(({ english }) => english)
  expect(blocks(readme, /```ts\n.*?```/gs).length).toBe(1)
  expect(blocks(readme, /^- /gm).length).toBeGreaterThan(3)
  expect(blocks(commands, /^ {4}.*$/gm).length).toBeGreaterThan(2)
})

it.each(pages.slice(0, 2))('lists every command: $name', ({ english }) => {
  const commands = createProgram().commands.map((command) => command.name())
  // A command that does two things has two lines.
  expect([...new Set(commandsIn(english))].sort()).toEqual(commands.sort())
})

it('links to what is there', async () => {
  const [{ english = '', chinese = '' } = {}] = pages
  const targets = blocks(english + chinese, /\]\([^)#]*/g).map((link) => link.slice(2))
  for (const target of targets) {
    if (!target.endsWith('/')) expect((await read(target)).length, target).toBeGreaterThan(100)
  }
})
