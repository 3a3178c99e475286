import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TINY, workFolder } from './book.ts'
import { type CallOptions, call } from './call.ts'
import { type Finished, lastJson, run } from './run.ts'

let folder: Awaited<ReturnType<typeof workFolder>>
let trained: Finished
const chatwright = (args: readonly string[], options: Partial<CallOptions> = {}) =>
  call(args, { cwd: folder.path, ...options })

beforeAll(async () => {
  folder = await workFolder()
  const options = ['--out', 'model', '--steps', '200', '--lr', '3e-3', '--json']
  trained = await run([...TINY, ...options], { cwd: folder.path })
}, 60_000)
afterAll(() => folder.remove())

const MEASURES = ['loss', 'perplexity', 'bits_per_byte', 'tokens_per_second', 'parameters']
const COSTS = ['seconds', 'peak_rss_bytes']

it('trains, and reports with --json', () => {
  expect(trained.code, trained.stderr).toBe(0)
  const result = lastJson(trained)
  for (const key of [...MEASURES, ...COSTS]) expect(result[key], key).toBeGreaterThan(0)
  // An even choice among 25 characters is 3.2; the sentences have few surprises.
  expect(result.loss).toBeLessThan(1.6)
  expect(result.perplexity).toBeCloseTo(Math.exp(Number(result.loss)), 6)
  expect(result).toMatchObject({ out: 'model', steps: 200, ended: 'done' })
  expect(trained.stdout.trim().split('\n')).toHaveLength(1)
  expect(trained.stderr).toMatch(/200\/200/)
})

it('leaves a model, its records and its loss curve', async () => {
  const files = ['config.json', 'model.safetensors', 'tokenizer.json', 'metrics.jsonl', 'loss.svg']
  for (const file of files) {
    expect((await stat(join(folder.path, 'model', file))).size, file).toBeGreaterThan(100)
  }
})

it('evaluates: the same figures as at the end of training', async () => {
  const text = await readFile(join(folder.path, 'book.txt'), 'utf8')
  await writeFile(join(folder.path, 'held.txt'), text.slice(Math.floor(text.length * 0.9)))
  const evaluated = await chatwright(['eval', '--model', 'model', '--data', 'held.txt', '--json'])
  expect(evaluated.code, evaluated.stderr).toBe(0)
  const result = lastJson(evaluated)
  for (const key of [...MEASURES, ...COSTS]) expect(result[key], key).toBeGreaterThan(0)
  expect(result.loss).toBeCloseTo(Number(lastJson(trained).loss), 2)
})

const GENERATE = ['generate', '--model', 'model', '--prompt', 'the ', '--max-tokens', '40']

it('generates the same with the same seed, as text and as JSON', async () => {
  const [plain, json] = await Promise.all([
    chatwright([...GENERATE, '--seed', '3']),
    chatwright([...GENERATE, '--seed', '3', '--json']),
  ])
  expect(plain.code, plain.stderr).toBe(0)
  const result = lastJson(json)
  expect(plain.stdout).toBe(`${result.text}\n`)
  expect(result.tokens).toHaveLength(40)
  expect(result.finish_reason).toBe('length')
  expect(result.tokens_per_second).toBeGreaterThan(0)
})

it('takes options from a file, and flags over them', async () => {
  const options = { model: 'model', prompt: 'the ', maxTokens: 5, temperature: 0 }
  await writeFile(join(folder.path, 'options.json'), JSON.stringify(options))
  const from = async (...args: string[]) =>
    lastJson(await chatwright(['generate', '--config', 'options.json', '--json', ...args])).tokens
  expect(await from()).toHaveLength(5)
  expect(await from('--max-tokens', '7')).toHaveLength(7)
})

it('talks through a pipe, and says that the model only continues', async () => {
  const input = 'the captain\\\nsaw\n\n/reset\n/what\nthe cook\n/exit\nnever read\n'
  const options = { input, cwd: folder.path }
  const { code, stdout, stderr } = await run(['chat', '--model', 'model'], options)
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(/no chat template/)
  expect(stderr).toMatch(/There is no command \/what/)
  expect(stdout).toMatch(/^the captain\nsaw/)
  expect(stdout).toMatch(/^the cook/m)
  expect(stdout).not.toMatch(/never read/)
})

it('tells once that the context has no room for the first messages', async () => {
  const input = `${'the captain\n'.repeat(12)}/reset\n${'the captain\n'.repeat(12)}`
  const template = '{% for message in messages %}{{ message.content }} {% endfor %}'
  await writeFile(join(folder.path, 'plain.jinja'), template)
  const args = ['chat', '--model', 'model', '--chat-template', 'plain.jinja', '--max-tokens', '2']
  const { stderr } = await chatwright(args, { input })
  expect(stderr.match(/no longer fit into the context/g)?.length).toBe(2)
})

it('speaks Chinese where the locale does', async () => {
  const { stderr } = await chatwright(['chat', '--model', 'model'], {
    env: { LC_ALL: 'zh_CN.UTF-8' },
  })
  expect(stderr).toMatch(/对话模板/)
})

it('reports what it does not know in a conversation, and continues', async () => {
  const { code, stdout, stderr } = await chatwright(['chat', '--model', 'model'], {
    input: '鲸\nthe whale\n',
  })
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(/鲸/)
  expect(stdout).toMatch(/the whale/)
})

it('encodes and decodes', async () => {
  const encoded = await chatwright(['tokenizer', 'encode', '--tokenizer', 'model', 'the whale'])
  expect(encoded.stdout).toMatch(/^(\d+ ){8}\d+\n$/)
  const decode = ['tokenizer', 'decode', '--tokenizer', 'model']
  expect((await chatwright([...decode, ...encoded.stdout.trim().split(' ')])).stdout).toBe(
    'the whale\n',
  )
  expect((await chatwright(decode, { input: encoded.stdout })).stdout).toBe('the whale\n')
  const refused = await chatwright([...decode, '9999'])
  expect(refused.stderr).toMatch(/no token 9999/)
})

it('reads standard input in the encoding named, and refuses another', async () => {
  const text = 'the whale\n'
  const wide = Buffer.from(text, 'utf16le')
  const encode = ['tokenizer', 'encode', '--tokenizer', 'model']
  const expected = await chatwright(encode, { input: text })
  const named = await chatwright([...encode, '--encoding', 'utf-16le'], { input: wide })
  expect(named.stdout).toBe(expected.stdout)
  const unnamed = await chatwright(encode, { input: wide })
  expect(unnamed.code).toBe(1)
  expect(unnamed.stderr).toMatch(/standard input: byte 1 is zero.*--encoding utf-16le/)
  for (const input of [wide, Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3, 0x0a)]) {
    const chat = await chatwright(['chat', '--model', 'model'], { input })
    expect(chat.code).toBe(1)
    expect(chat.stderr).toContain('standard input is not UTF-8 text')
  }
})

it('trains a tokenizer of the size asked for', async () => {
  const args = ['--data', 'book.txt', '--out', 'bpe', '--vocab', '300', '--json']
  const finished = await chatwright(['tokenizer', 'train', ...args])
  expect(finished.code, finished.stderr).toBe(0)
  expect(lastJson(finished)).toEqual({ out: 'bpe', vocab_size: 300 })
  const encoded = await chatwright(['tokenizer', 'encode', '--tokenizer', 'bpe', 'the whale'])
  expect(encoded.stdout.trim().split(' ').length).toBeLessThan(9)
})

it('trains a tokenizer for an encoder', async () => {
  const args = ['--data', 'book.txt', '--out', 'encoder', '--kind', 'char', '--for', 'encoder']
  const { code, stderr } = await chatwright(['tokenizer', 'train', ...args])
  expect(code, stderr).toBe(0)
  const encode = ['tokenizer', 'encode', '--tokenizer', 'encoder', '--specials']
  expect((await chatwright([...encode, '[PAD][CLS][SEP][MASK]'])).stdout).toBe('25 26 27 28\n')
})

it('inspects', async () => {
  const finished = await chatwright(['inspect', 'model', '--json'])
  expect(finished.code, finished.stderr).toBe(0)
  const result = lastJson(finished)
  expect(result).toMatchObject({
    has_chat_template: false,
    parameters: lastJson(trained).parameters,
  })
  expect(result.weight_bytes).toBe(4 * Number(result.parameters))
  const { stdout } = await chatwright(['inspect', 'model'])
  expect(stdout).toMatch(/^layers +1$/m)
  expect(stdout).toMatch(/^tokenizer +characters, 26 tokens$/m)
})

it('tunes a model that then answers', async () => {
  const lines = Array.from({ length: 40 }, (_, i) => {
    const content = i % 2 === 0 ? 'who saw' : 'who fled'
    const answer = i % 2 === 0 ? 'the cook.' : 'the whale.'
    const messages = [
      { role: 'user', content },
      { role: 'assistant', content: answer },
    ]
    return JSON.stringify({ messages })
  })
  await writeFile(join(folder.path, 'chat.jsonl'), lines.join('\n'))
  const base = ['--layers', '2', '--heads', '2', '--dim', '48', '--context', '64', '--vocab', '300']
  const bpe = ['train', '--data', 'book.txt', '--out', 'base', '--steps', '20', ...base]
  expect((await chatwright(bpe)).code).toBe(0)
  const tune = ['tune', '--model', 'base', '--data', 'chat.jsonl', '--out', 'tuned', '--batch', '8']
  const tuned = await chatwright([...tune, '--steps', '100', '--lr', '5e-3', '--json'])
  expect(tuned.code, tuned.stderr).toBe(0)
  expect(lastJson(tuned).loss).toBeLessThan(0.3)
  const { stdout, stderr } = await chatwright(['chat', '--model', 'tuned', '--temperature', '0'], {
    input: 'who saw\n/reset\nwho fled\n',
  })
  expect(stdout, stderr).toBe('the cook.\nthe whale.\n')
})

it('ends although the module of a reward leaves a timer running', async () => {
  await writeFile(join(folder.path, 'open.mjs'), 'setInterval(() => {}, 1e3)\nexport default 1')
  await writeFile(join(folder.path, 'asked.jsonl'), '{"prompt": "who saw"}\n')
  const tune = ['tune', '--method', 'grpo', '--model', 'model', '--data', 'asked.jsonl']
  // A process of its own, which a timer keeps.
  const { code, stderr } = await run([...tune, '--reward', './open.mjs', '--out', 'taught'], {
    cwd: folder.path,
  })
  expect(stderr).toContain('no function as its default export')
  expect(code).toBe(1)
})
