import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decoderIn } from '../../test/open-model.ts'
import { load } from '../generate/load.ts'
import { CHATML } from '../text/chat-template.ts'
import { train } from '../train/train.ts'
import { tune } from './tune.ts'

let folder: string
const path = (name: string) => join(folder, name)
const TEMPLATE =
  `{% for m in messages %}{% if m.role == 'user' %}Q: {{ m.content }}\nA:` +
  `{% else %} {{ m.content }}{{ eos_token }}\n{% endif %}{% endfor %}`
const small = { layers: 1, heads: 1, dim: 16, context: 64, batch: 4, steps: 1, threads: 2 }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-template-'))
  await writeFile(
    path('text.txt'),
    'Q: what is snow? A: white. user assistant\n<think>/'.repeat(40),
  )
  await writeFile(path('own.jinja'), TEMPLATE.replaceAll('\n', '\r\n'))
  await train({ data: [path('text.txt')], out: path('base'), tokenizer: 'char', ...small })
  const record = { instruction: 'what is snow?', output: 'white.' }
  await writeFile(path('chat.jsonl'), `${JSON.stringify(record)}\n`.repeat(4))
})
afterAll(() => rm(folder, { recursive: true }))

const options = (out: string) => ({
  model: path('base'),
  data: [path('chat.jsonl')],
  out: path(out),
  val: 0,
  batch: 4,
  steps: 1,
  threads: 2,
})

test('the template in a file is learned and saved, and can be replaced at loading', async () => {
  const messages: string[] = []
  const onMessage = (message: string) => void messages.push(message)
  await tune({ ...options('own'), chatTemplate: path('own.jinja') }, { onMessage })
  const tuned = await decoderIn(path('own'))
  expect(tuned.chatTemplate?.replaceAll('\r\n', '\n')).toBe(TEMPLATE)
  expect(Object.keys(tuned.tokenizer.specialTokens)).not.toContain('<|im_end|>')
  expect(messages).toEqual([])
  const model = await load(path('own'), { chatTemplate: 'chatml', threads: 1 })
  expect(model.chatTemplate).toBe(CHATML)
  await model.dispose()
  // chatml brings its own tokens, also where the model has a template.
  await tune({ ...options('chatml'), model: path('own'), chatTemplate: 'chatml' })
  const { chatTemplate, tokenizer } = await decoderIn(path('chatml'))
  expect(chatTemplate).toBe(CHATML)
  expect(tokenizer.eosId).toBe(tokenizer.specialTokens['<|im_end|>'])
})

test('a template of another model or of JSON is taken, and a faulty one is named', async () => {
  await writeFile(path('template.json'), JSON.stringify({ chat_template: TEMPLATE }))
  await tune({ ...options('json'), chatTemplate: path('template.json') })
  await tune({ ...options('folder'), chatTemplate: path('json') })
  expect((await decoderIn(path('folder'))).chatTemplate).toBe(TEMPLATE)
  await writeFile(path('bad.jinja'), 'a\n{% for %}')
  const given = (chatTemplate: string) => tune({ ...options('bad'), chatTemplate })
  await expect(given(path('bad.jinja'))).rejects.toThrow(/bad\.jinja: the chat template .* line 2/)
  await writeFile(path('prose.txt'), '{"text": "no template"}')
  await expect(given(path('prose.txt'))).rejects.toThrow(/there is no chat template in it/)
  await expect(given(path('none'))).rejects.toThrow(/none: there is no such chat template/)
  await expect(given(path('base'))).rejects.toThrow(/base: there is no chat template in it/)
})

test('what a template does not use, and answers that it does not end, are told', async () => {
  const messages: string[] = []
  const record = {
    messages: [
      { role: 'user', content: 'Q' },
      { role: 'assistant', content: 'A', reasoning_content: 'what' },
    ],
    tools: [{ type: 'function', function: { name: 'is' } }],
  }
  await writeFile(path('thinking.jsonl'), `${JSON.stringify(record)}\n`.repeat(4))
  const template = '{% for m in messages %}{{ m.role }} {{ m.content }}\n{% endfor %}{# tools #}'
  await writeFile(path('endless.jinja'), template)
  const data = { data: [path('thinking.jsonl')] }
  await tune(
    { ...options('endless'), ...data, chatTemplate: path('endless.jinja') },
    { onMessage: (message) => messages.push(message) },
  )
  expect(messages).toEqual([
    expect.stringContaining('no special token of the tokenizer ends an answer'),
    expect.stringContaining('4 conversations with tools, which the chat template does not use'),
    expect.stringContaining('4 conversations with reasoning_content, which'),
  ])
  messages.length = 0
  const thinking =
    `{% for m in messages %}{{ m.reasoning_content }}{{ m.content }}{{ eos_token }}` +
    `{% endfor %}{{ 'to use' if tools }}`
  await writeFile(path('thinking.jinja'), thinking)
  await tune(
    { ...options('thinking'), ...data, chatTemplate: path('thinking.jinja') },
    { onMessage: (message) => messages.push(message) },
  )
  expect(messages).toEqual([])
})

test('a training with the tokenizer of a folder keeps its chat template', async () => {
  await tune({ ...options('taught'), chatTemplate: path('own.jinja') })
  const data = [path('text.txt')]
  await train({ data, out: path('again'), tokenizer: path('taught'), ...small })
  const { chatTemplate } = await decoderIn(path('taught'))
  expect((await decoderIn(path('again'))).chatTemplate).toBe(chatTemplate)
  const again = { data, out: path('again'), tokenizer: path('taught'), ...small, steps: 2 }
  await train({ ...again, resume: true })
  expect((await decoderIn(path('again'))).chatTemplate).toBe(chatTemplate)
  // Newer folders have it in a file of its own, which counts.
  await mkdir(path('newer'))
  const { tokenizer } = await decoderIn(path('base'))
  await writeFile(path('newer/tokenizer.json'), JSON.stringify(tokenizer))
  await writeFile(path('newer/chat_template.jinja'), TEMPLATE)
  const file = path('newer/tokenizer.json')
  await train({ data, out: path('newest'), tokenizer: file, ...small })
  expect((await decoderIn(path('newest'))).chatTemplate).toBe(TEMPLATE)
})

test('a training does not resume with another template', async () => {
  await tune({ ...options('cut'), chatTemplate: path('own.jinja') })
  const resumed = { ...options('cut'), steps: 2, resume: true }
  await expect(tune({ ...resumed, chatTemplate: 'chatml' })).rejects.toThrow(
    /--chat-template: .*own\.jinja .*, chatml now/,
  )
})
