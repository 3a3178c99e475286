import { join } from 'node:path'
import { type Conversation, readConversations } from '../../data/chat/conversation.ts'
import type { Corpus } from '../../data/sources/corpus.ts'
import { parsedRecords } from '../../data/sources/faults.ts'
import { holdOut } from '../../data/split.ts'
import { UserError } from '../../errors.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { replaceFile } from '../../files/write-aside.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import type { TokenPrompt } from '../../generate/from-tokens.ts'
import { encodePrompt } from '../../generate/prompt.ts'
import { stacksOf } from '../../models/model.ts'
import { parseCompletion } from '../../tasks/completion.ts'
import type { TaskName } from '../../tasks/index.ts'
import { parseSourceTarget } from '../../tasks/seq2seq.ts'
import { encodeInput } from '../../text/encode-input.ts'
import { encodeConversation, endOfTurn } from '../../text/render-conversation.ts'
import type { ParsedDistillOptions } from './options.ts'

/** A text that a teacher is to write: what it reads, and the record that its text makes. */
export interface ToWrite {
  prompt: TokenPrompt
  record(text: string): object
}

export interface Prompts {
  all: readonly ToWrite[]
  /** Tokens that end a text besides the model's own. */
  stopIds: readonly number[]
  /** A file of records with the answers of the data, which are held out. */
  validation: string | undefined
}

export interface PromptOptions extends Pick<ParsedDistillOptions, 'val' | 'seed' | 'shuffle'> {
  teacher: OpenModel
  task: TaskName
  template: string | undefined
  /** Texts to write, at most. */
  count: number
  /** Holds the file of the records that are held out. */
  folder: string
}

/** How a record of a task becomes a prompt, and an answer a record. */
type PromptOf<R> = (record: R) => ToWrite & { original: object }

/** Of text: `count` documents, from their beginning. */
export function documentPrompts({ tokenizer, addBos }: OpenModel, count: number): Prompts {
  const prompt = { ids: encodePrompt({ tokenizer, addBos }, '') }
  const record = (text: string) => ({ text })
  const all = Array.from({ length: count }, () => ({ prompt, record }))
  return { all, stopIds: [], validation: undefined }
}

/**
 * What a teacher is to write: the answers to `count` records drawn from the data, none of them held
 * out for validation. Throws UserError.
 */
export async function promptsFor(corpus: Corpus, options: PromptOptions): Promise<Prompts> {
  const { teacher, task, template } = options
  const { tokenizer, addBos, config, path } = teacher
  if (task === 'completion')
    return draw(parsedRecords(corpus, parseCompletion), options, ({ prompt, completion }) => ({
      prompt: { ids: encodePrompt({ tokenizer, addBos }, prompt) },
      record: (text) => ({ prompt, completion: text }),
      original: { prompt, completion },
    }))
  if (task === 'seq2seq' && config.kind === 'encoder-decoder') {
    const { startId, encoder } = config
    return draw(parsedRecords(corpus, parseSourceTarget), options, ({ sources, target }) => ({
      prompt: {
        ids: [startId],
        sources: sources.map(
          (source) => encodeInput(tokenizer, source, { maxLength: encoder.context }).ids,
        ),
      },
      record: (text) => ({ sources, target: text }),
      original: { sources, target },
    }))
  }
  if (task === 'chat' && template) {
    const end = endOfTurn(tokenizer, template)
    const drawn = await draw(
      readConversations(corpus, () => {}),
      options,
      (conversation) =>
        chatPrompt(
          conversation,
          (messages, tools) =>
            encodeConversation(tokenizer, template, messages, { tools, addGenerationPrompt: true })
              .ids,
        ),
    )
    return { ...drawn, stopIds: end === undefined ? [] : [end] }
  }
  throw new UserError(
    `--generate is for teachers that write text, and ${path} (task ${task}) does not; leave it out`,
  )
}

/** The last answer of a conversation is the teacher's. */
function chatPrompt(
  { messages, tools }: Conversation,
  encode: (messages: Conversation['messages'], tools: Conversation['tools']) => number[],
): ReturnType<PromptOf<Conversation>> {
  const last = messages.findLastIndex(({ role }) => role === 'assistant')
  const before = messages.slice(0, last)
  const extra = tools && { tools }
  return {
    prompt: { ids: encode(before, tools) },
    record: (content) => ({ messages: [...before, { role: 'assistant', content }], ...extra }),
    original: { messages, ...extra },
  }
}

async function draw<R>(
  records: AsyncIterable<R>,
  { val, seed, shuffle, count, teacher, folder }: PromptOptions,
  promptOf: PromptOf<R>,
): Promise<Prompts> {
  const context = stacksOf(teacher.config).at(-1)?.context ?? 0
  const all: ReturnType<PromptOf<R>>[] = []
  for await (const record of records) all.push(promptOf(record))
  const [learned, held] =
    typeof val === 'number' ? holdOut(all, { share: val, seed, shuffle }) : [all, []]
  const fitting = learned.filter(({ prompt }) => prompt.ids.length < context)
  if (fitting.length === 0)
    throw new UserError('the data has no prompt that leaves the teacher room for an answer')
  // The same records are drawn whatever their number.
  const [, drawn] = holdOut(fitting, { share: Math.min(1, count / fitting.length), seed, shuffle })
  const validation = held.length > 0 ? join(folder, 'validation.jsonl') : undefined
  if (validation) {
    await makeFolder(folder)
    const lines = held.map(({ original }) => `${JSON.stringify(original)}\n`)
    await replaceFile(validation, lines.join(''))
  }
  return { all: drawn, stopIds: [], validation }
}
