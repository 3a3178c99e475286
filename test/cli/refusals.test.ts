import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TINY, workFolder } from './book.ts'
import { call } from './call.ts'
import { lastJson } from './run.ts'

let folder: Awaited<ReturnType<typeof workFolder>>
beforeAll(async () => {
  folder = await workFolder()
  const config = (name: string, text: string) => writeFile(join(folder.path, name), text)
  await config('unknown.json', '{"kvHead": 2}')
  await config('wrong.json', '{"dropout": "much"}')
  await config('broken.json', '{"layers": 2')
  await config('list.json', '[]')
  await writeFile(join(folder.path, 'latin1.txt'), Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x0a))
}, 60_000)
afterAll(() => folder.remove())

const train = (...args: string[]) => [...TINY, '--out', 'model', '--steps', '2', ...args]

it.each([
  ['an argument that is not UTF-8', ['generate', '--prompt', '\ufffd\ufffd'], /not UTF-8 text/],
  ['the help that lists its options', train('--stpes', '3'), /chatwright train --help lists/],
  ['an unknown command', ['trian'], /unknown command 'trian'.*did you mean train/is],
  ['an unknown option', train('--stpes', '3'), /unknown option '--stpes'.*did you mean --steps/is],
  ['what is left over', train('more'), /too many arguments for 'train'/],
  ['a missing option', ['train', '--data', 'book.txt'], /--out is missing: folder of the result/],
  ['a word for a number', train('--batch', 'many'), /--batch many: expected number/],
  ['a number out of range', train('--batch', '0'), /--batch 0: expected number to be >=1/],
  ['a broken number', train('--layers', '1.5'), /--layers 1\.5: expected int/],
  ['an unknown choice', train('--optimizer', 'adm'), /--optimizer adm: .*did you mean adam/],
  [
    'a file that is not there',
    ['train', '--data', 'bok.txt', '--out', 'm'],
    /bok\.txt: there is no/,
  ],
  ['a model that is not there', ['generate', '--model', 'nowhere'], /nowhere/],
  ['text that is not UTF-8', ['train', '--data', 'latin1.txt', '--out', 'm'], /latin1\.txt.*byte/],
  ['steps and epochs', train('--epochs', '2'), /--steps, --epochs and --seconds/],
  ['heads that do not fit', train('--kv-heads', '3', '--heads', '4'), /kvHeads is 3.*heads \(4\)/],
  ['nothing to resume', train('--resume'), /no checkpoint to resume|leave out --resume/],
  [
    'an unknown key',
    train('--config', 'unknown.json'),
    /unknown\.json: kvHead: .*did you mean kvHeads/,
  ],
  [
    'a wrong value in a file',
    train('--config', 'wrong.json'),
    /wrong\.json: dropout much: expected number/,
  ],
  ['a broken file', ['train', '--config', 'broken.json'], /broken\.json is not JSON: /],
  ['a list for options', ['train', '--config', 'list.json'], /list\.json: expected an object/],
  [
    'what characters have no use for',
    ['tokenizer', 'train', '--data', 'book.txt', '--out', 't', '--kind', 'char', '--vocab', '99'],
    /--vocab changes nothing: --kind char/,
  ],
  ['a mean that plain SGD lacks', train('--optimizer', 'sgd', '--beta1', '0.5'), /--beta1 .*sgd/],
  ['a missing file of options', ['train', '--config', 'no.json'], /no\.json/],
] as const)('refuses %s', async (_, args, message) => {
  const { code, stdout, stderr } = await call(args, { cwd: folder.path })
  expect(stderr).toMatch(message)
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).not.toMatch(/^ +at /m)
})

it('tells every mistake at once', async () => {
  const { stderr } = await call(train('--batch', '0', '--seed', 'x'), { cwd: folder.path })
  expect(stderr).toMatch(/--batch 0.*--seed x/s)
})

it('gives an error as the last line with --json', async () => {
  const finished = await call(train('--batch', '0', '--json'), { cwd: folder.path })
  expect(finished.code).toBe(1)
  expect(lastJson(finished)).toEqual({ error: '--batch 0: expected number to be >=1' })
})
