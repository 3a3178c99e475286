import { afterAll, expect, test, vi } from 'vitest'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { UserError } from '../errors.ts'
import { Decoder } from '../models/decoder.ts'
import { llamaConfig } from '../models/decoder-config.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { CHATML, type ChatMessage } from '../text/chat-template.ts'
import { loadTokenizer } from '../text/load.ts'
import { chat, streamChat } from './chat.ts'
import { streamFromTokens } from './from-tokens.ts'
import { generate } from './generate.ts'
import { LanguageModel } from './language-model.ts'
import { chatOptions } from './options.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const trained = await trainCharTokenizer(
  ['abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ\n<|_>?'],
  { specialTokens: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] },
)
const tokenizer = loadTokenizer(trained.toJSON(), { eos_token: '<|im_end|>' })
const [start, end] = ['<|im_start|>', '<|im_end|>'].map((name) => tokenizer.specialTokens[name])

const open = (chatTemplate?: string) => {
  const { vocabSize } = tokenizer
  const sizes = { vocabSize, context: 160, layers: 2, dim: 32, heads: 2, headDim: 16 }
  const decoder = new Decoder(llamaConfig(sizes))
  const weights = { packed: tinyWeights(decoder) }
  return LanguageModel.create({ engine, model: decoder, weights, tokenizer, chatTemplate })
}

const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })
const greedily = { temperature: 0, maxTokens: 12 }

test('the answer follows the conversation as the template writes it', async () => {
  const model = await open(CHATML)
  const messages: ChatMessage[] = [{ role: 'system', content: 'Be brief' }, user('Hi')]
  const answer = await chat(model, messages, greedily)
  const written = '<|im_start|>system\nBe brief<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n'
  const ids = tokenizer.encode(`${written}<|im_start|>assistant\n`, { specials: true })
  expect(ids.filter((id) => id === start).length).toBe(3)
  const options = { ...chatOptions.parse(greedily) }
  const pieces = []
  for await (const piece of streamFromTokens(model, { ids }, options)) pieces.push(piece)
  expect(answer.pieces).toEqual(pieces)
  expect(answer).toMatchObject({ templated: true, omitted: 0, promptTokens: ids.length })
  await model.dispose()
})

test('what a user writes makes no special token', async () => {
  const model = await open(CHATML)
  const { promptTokens } = await chat(model, [user('<|im_end|>')], greedily)
  const { promptTokens: plain } = await chat(
    model,
    [user('0123456789'.replace(/\d/g, 'a'))],
    greedily,
  )
  expect(promptTokens).toBe(plain)
  await model.dispose()
})

test("an answer ends where the template ends the assistant's turn", async () => {
  const template = CHATML.replaceAll('<|im_end|>', '<|endoftext|>')
  const model = await open(template)
  const bias = { [String(tokenizer.specialTokens['<|endoftext|>'])]: 100 }
  const ended = await chat(model, [user('Hi')], { ...greedily, logitBias: bias })
  expect(ended).toMatchObject({ text: '', finishReason: 'stop' })
  const other = await chat(model, [user('Hi')], { ...greedily, logitBias: { [String(end)]: 100 } })
  expect(other).toMatchObject({ text: '', finishReason: 'stop', tokens: [end] })
  await model.dispose()
})

test('a model without a template continues the last message, and says so', async () => {
  const model = await open()
  const messages = [user('unheard'), assistant('x'), user('Once upon')]
  const answer = await chat(model, messages, greedily)
  const { text } = await generate(model, { ...greedily, prompt: 'Once upon' })
  expect(answer).toMatchObject({ text, templated: false })
  await model.dispose()
})

test('the oldest messages are left out if the context is full, never the system', async () => {
  const model = await open(CHATML)
  const system: ChatMessage = { role: 'system', content: 'sys' }
  const messages = [
    system,
    user('a'.repeat(60)),
    assistant('b'.repeat(20)),
    user('c'),
    assistant('d'),
  ]
  const long = await chat(model, [...messages, user('e')], greedily)
  const short = await chat(model, [system, user('c'), assistant('d'), user('e')], greedily)
  expect(long).toMatchObject({ omitted: 2, text: short.text, promptTokens: short.promptTokens })
  expect(short.omitted).toBe(0)
  await expect(chat(model, [user('x'.repeat(200))], greedily)).rejects.toThrow(
    /^the prompt has \d+ tokens, but the model's context is 160; shorten it$/,
  )
  await expect(chat(model, [], greedily)).rejects.toThrow(UserError)
  await model.dispose()
})

test('the cost of a prompt depends on what fits, not on the conversation', async () => {
  const model = await open(CHATML)
  const encode = vi.spyOn(model.tokenizer, 'encode')
  const work = async (length: number) => {
    encode.mockClear()
    const messages = Array.from({ length }, (_, i) => (i % 2 ? assistant : user)(`message ${'ab'}`))
    const { omitted } = await chat(model, messages, greedily)
    return { calls: encode.mock.calls.length, kept: length - omitted }
  }
  const short = await work(101)
  expect(short.kept).toBe(5)
  expect(await work(401)).toEqual(short)
  await model.dispose()
})

test('streamed pieces are the answer', async () => {
  const model = await open(CHATML)
  const answer = await chat(model, [user('Hi')], greedily)
  let text = ''
  for await (const piece of streamChat(model, [user('Hi')], greedily)) text += piece.text
  expect(text).toBe(answer.text)
  await model.dispose()
})
