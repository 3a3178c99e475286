import { expect, test } from 'vitest'
import type { Prompt } from '../../data/chat/prompts.ts'
import { Decoder } from '../../models/decoder.ts'
import { gpt2Config } from '../../models/decoder-config.ts'
import { trainCharTokenizer } from '../../text/char.ts'
import { encodePrompts } from './encode-prompts.ts'

const text = '二加二等于几？What is 2 + 2?Be brief. systemuserassistant:\n'
const tokenizer = await trainCharTokenizer([text])
const sizes = { layers: 1, heads: 1, dim: 8, context: 64, vocabSize: tokenizer.vocabSize }
const subject = { model: new Decoder(gpt2Config(sizes)), tokenizer }
const chatTemplate =
  '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}' +
  '{% if add_generation_prompt %}assistant:{% endif %}'

const prompt = (...contents: string[]): Prompt => ({
  prompt: contents.map((content, i) => {
    return { role: i === contents.length - 1 ? 'user' : 'system', content } as const
  }),
  fields: {},
  where: 'sums.jsonl:2',
})
const read = (given: Prompt, template?: string) =>
  encodePrompts([given], { ...subject, chatTemplate: template }).map(({ ids }) =>
    tokenizer.decode(ids),
  )

test('a model with a template is asked by it, and writes after what begins its answer', () => {
  expect(read(prompt('Be brief.', '二加二等于几？'), chatTemplate)).toEqual([
    'system: Be brief.\nuser: 二加二等于几？\nassistant:',
  ])
})

test('a model without one continues the text, and cannot be given several messages', () => {
  expect(read(prompt('What is 2 + 2?'))).toEqual(['What is 2 + 2?'])
  expect(() => read(prompt('Be brief.', 'What is 2 + 2?'))).toThrow(
    'sums.jsonl:2: the prompt has several messages, and the model has no chat template',
  )
})
