import { streamChat } from '../../generate/chat.ts'
import { stream } from '../../generate/generate.ts'
import type { Piece } from '../../generate/sequence.ts'
import { openEngine } from '../../runtime/web/open.ts'
import type { ChatMessage } from '../../text/chat-template.ts'
import { loadModel } from './load-model.ts'
import { WORDS, type Word } from './words.ts'

/** The script of `exportWeb`'s page: loads the model beside it, and generates text. */

const part = <E extends Element>(selector: string): E => {
  const found = document.querySelector<E>(selector)
  if (!found) throw new Error(`the page has no ${selector}`)
  return found
}
const status = part('#status')
const form = part<HTMLFormElement>('form')
const prompt = part<HTMLTextAreaElement>('#prompt')
const output = part('output')
const [generate, stop] = [part<HTMLButtonElement>('#generate'), part<HTMLButtonElement>('#stop')]
const numberOf = (selector: string): number | undefined => {
  const { value } = part<HTMLInputElement>(selector)
  return value === '' ? undefined : Number(value)
}

/** The page is in Chinese if the browser is, otherwise in English. */
const language = navigator.language.startsWith('zh') ? 'zh' : 'en'
const words = WORDS[language]
document.documentElement.lang = language
for (const element of document.querySelectorAll<HTMLElement>('[data-word]'))
  element.textContent = words[element.dataset.word as Word]
part<HTMLInputElement>('#temperature').placeholder = words.default

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0)

async function open() {
  const engine = await openEngine({ engine: document.body.dataset.webgpu ? 'auto' : 'wasm' })
  const model = await loadModel('./model/', engine, (loaded, total) => {
    status.textContent = words.loaded(megabytes(loaded), megabytes(total))
  })
  return { model, reason: engine.reason }
}

/** Lets the page render, and handle input. */
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** Appends pieces to the page as they come; resolves with the whole text. */
async function show(pieces: AsyncGenerator<Piece>): Promise<string> {
  let whole = ''
  for await (const { text } of pieces) {
    whole += text
    output.append(text)
    await nextTask()
  }
  return whole
}

async function run(): Promise<void> {
  const { model, reason } = await open()
  let messages: readonly ChatMessage[] = []
  let abort = new AbortController()
  const answer = async (): Promise<void> => {
    const options = {
      maxTokens: numberOf('#max-tokens'),
      temperature: numberOf('#temperature'),
      signal: abort.signal,
    }
    if (!model.chatTemplate) {
      output.replaceChildren()
      if (model.config.kind === 'decoder') output.append(prompt.value)
      await show(stream(model, { prompt: prompt.value, ...options }))
      return
    }
    const asked: ChatMessage[] = [...messages, { role: 'user', content: prompt.value }]
    output.append(`${output.textContent ? '\n\n' : ''}> ${prompt.value}\n\n`)
    prompt.value = ''
    const content = await show(streamChat(model, asked, options))
    messages = [...asked, { role: 'assistant', content }]
  }
  const busy = (is: boolean) => {
    generate.disabled = is
    stop.disabled = !is
    document.body.dataset.state = is ? 'writing' : 'ready'
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    abort = new AbortController()
    status.textContent = reason
    busy(true)
    const error = await answer().catch((error: Error) => error)
    busy(false)
    if (error) tell(error)
  })
  stop.addEventListener('click', () => abort.abort())
  status.textContent = reason
  busy(false)
}

const tell = (error: Error): void => {
  status.textContent = error.message
  document.body.dataset.state = 'failed'
}

run().catch(tell)
