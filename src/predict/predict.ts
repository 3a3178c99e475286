import { z } from 'zod'
import { isWriting, whileNotReplaced } from '../checkpoint/open-model.ts'
import { isObject, type Message, parseMessages } from '../data/chat/messages.ts'
import { parseRecord } from '../data/parse-record.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { printDataEvents } from '../data/sources/data-event.ts'
import { parsedRecords } from '../data/sources/faults.ts'
import { readingOptions } from '../data/sources/reading-options.ts'
import { textFields } from '../data/text-fields.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { LanguageModel } from '../generate/language-model.ts'
import { loadWriting } from '../generate/load.ts'
import { parseOptions } from '../options.ts'
import { engineOptions } from '../runtime/options.ts'
import { plainDialogue } from '../text/encode-dialogue.ts'
import { encodeInput, encodeWords } from '../text/encode-input.ts'
import { type Classified, classify, estimate } from './classify.ts'
import { type Completed, complete } from './complete.ts'
import { embed, promptFor } from './embed.ts'
import { type Filling, fillMask } from './fill-mask.ts'
import { rewards } from './rewards.ts'
import { type TaggedWord, tag } from './tag.ts'
import { loadReading, type TextModel } from './text-model.ts'

export const predictOptions = z.strictObject({
  /** Folder of a model with a head, or of one that writes. */
  model: z.string().min(1),
  text: z.array(z.string()).default([]),
  /** Files of text, one per line, or of records with `text` (and `pair`), `words`, `prompt`, ... */
  data: z.array(z.string().min(1)).default([]),
  ...readingOptions,
  /** Field, or column of a table, that holds the text; default: by the form of the record. */
  textField: z.string().min(1).optional(),
  /** Field of a second text, where two are compared; default: `pair`, if there is one. */
  pairField: z.string().min(1).optional(),
  /** How many tokens to suggest for each gap. */
  top: z.number().int().min(1).default(5),
  /** Name of an embedding model's prompt, which precedes each text. */
  promptName: z.string().min(1).optional(),
  ...engineOptions,
})

export type PredictOptions = z.input<typeof predictOptions> & {
  signal?: AbortSignal
  /** Receives a line for each change to the data, such as replaced bytes. */
  onMessage?(text: string): void
}

/** A model's output for a text. Which fields are set depends on the task. */
export interface Prediction extends Partial<Classified>, Partial<Completed> {
  text: string
  /** The second text of a pair. */
  pair?: string
  /** The text was truncated to the model's context. */
  truncated?: true
  /** Of the tasks `regress` and `reward`. */
  value?: number
  /** Of the task `tag`. */
  words?: TaggedWord[]
  /** Of the task `embed`. */
  vector?: number[]
  /** Of the task `mlm`: the likeliest tokens for each gap. */
  gaps?: Filling[][]
}

interface Given {
  text: string
  /** Instead, texts that an encoder-decoder reads together. */
  sources?: readonly string[]
  pair?: string
  words?: readonly string[]
  messages?: readonly Message[]
  /** File and line of a record that has two answers besides. */
  preference?: string
}

/**
 * A model's output for each text: a label, a number, the words' tags, a vector, or tokens for its
 * gaps; or the text that a writing model generates. Throws UserError that names the option, the
 * file or the line at fault.
 *
 * @example
 * const [{ label }] = await predict({ model: 'my-classifier', text: ['I like it'] })
 */
export async function predict({
  signal,
  onMessage,
  ...options
}: PredictOptions): Promise<Prediction[]> {
  const parsed = parseOptions(predictOptions, options)
  const { model: folder, top, promptName } = parsed
  const given: Given[] = [
    ...parsed.text.map((text) => ({ text })),
    ...(await readTexts(parsed, { onMessage, signal })),
  ]
  if (given.length === 0)
    throw new UserError('there is no text; give --text or --data (- is standard input)')
  const model = await whileNotReplaced(folder, (files) => loadFor(files, options, parsed))
  try {
    if (model instanceof LanguageModel) {
      refuseConversations(given, 'writes')
      const outputs = await complete(model, given, { signal })
      return given.map(({ text }, i) => ({ text, ...outputs[i] }))
    }
    if (promptName !== undefined && model.head.task !== 'embed')
      throw new UserError(
        `promptName is for models that embed; this one is for the task ${model.head.task}`,
      )
    if (model.head.task !== 'regress') refuseConversations(given, `is for ${model.head.task}`)
    const prompt = promptFor(model.head, promptName)
    const outputs = await ask(model, given, { top, promptName, signal })
    return given.map((one, i) => {
      const { text, pair } = one
      return {
        text,
        ...(pair !== undefined && { pair }),
        ...outputs[i],
        ...cut(model, one, prompt),
      }
    })
  } finally {
    await model.dispose()
  }
}

/** Throws UserError where there are conversations; `what` the model does instead. */
function refuseConversations(given: readonly Given[], what: string): void {
  if (given.some(({ messages }) => messages))
    throw new UserError(
      `conversations ("messages") are for models that give rewards, and this one ${what}; give ` +
        'texts',
    )
}

/** Loads the model for its task. Throws UserError for options that do not apply to it. */
function loadFor(
  files: OpenModel,
  given: PredictOptions,
  { engine, threads, promptName }: z.output<typeof predictOptions>,
): Promise<LanguageModel | TextModel> {
  const task = 'head' in files.config ? files.config.head?.task : undefined
  if (given.top !== undefined && task !== 'mlm')
    throw new UserError(
      'top is how many tokens to suggest for a gap, ' +
        `and this model ${task ? `is for ${task}` : 'writes'}; leave it out`,
    )
  if (!isWriting(files)) return loadReading(files, { engine, threads })
  if (promptName === undefined) return loadWriting(files, { engine, threads })
  throw new UserError('promptName is for models that embed, and this one writes; leave it out')
}

function cut(model: TextModel, { text, pair, words, messages }: Given, prompt: string) {
  const { tokenizer, context } = model
  if (messages) return {}
  const { ids } = words
    ? encodeWords(tokenizer, words)
    : encodeInput(tokenizer, prompt + text, { pair })
  return ids.length > context ? ({ truncated: true } as const) : {}
}

async function ask(
  model: TextModel,
  given: readonly Given[],
  { top, promptName, signal }: { top: number; promptName?: string; signal?: AbortSignal },
): Promise<Partial<Prediction>[]> {
  switch (model.head.task) {
    case 'classify':
      return classify(model, given, { signal })
    case 'regress': {
      const preference = given.find(({ preference }) => preference !== undefined)?.preference
      if (preference !== undefined)
        throw new UserError(
          `${preference}: has "chosen" and "rejected", and a reward is of one conversation; give ` +
            '{"messages": [{"role", "content"}, ...]} for each answer, or compare the two with ' +
            'chatwright eval',
        )
      const conversations = given.flatMap(({ messages }) => (messages ? [{ messages }] : []))
      const judged = await rewards(model, conversations, { signal })
      const texts = given.filter(({ messages }) => !messages)
      const estimated = await estimate(model, texts, { signal })
      return given.map(({ messages }) => ({ value: (messages ? judged : estimated).shift() }))
    }
    case 'tag': {
      const sentences = given.map(({ text, words }) => words ?? wordsOf(text))
      return (await tag(model, sentences, { signal })).map((words) => ({ words }))
    }
    case 'embed':
      return (await embed(model, given, { promptName, signal })).map((vector) => ({
        vector: [...vector],
      }))
    case 'mlm': {
      const all: Partial<Prediction>[] = []
      for (const { text } of given) all.push({ gaps: await fillMask(model, text, { top, signal }) })
      return all
    }
  }
}

const anyRecord = z.union([
  z.object({ words: z.array(z.string().min(1)).min(1) }),
  z.object({ text: z.string(), pair: z.string().optional() }),
  z.object({ prompt: z.string() }),
  z.object({ source: z.string() }),
  z.object({ sources: z.array(z.string()).min(1) }),
])
const expected =
  '{"text": "..."}, at times with a second text as "pair"; {"words": ["..."]}; or, for a model ' +
  'that writes, {"prompt": "..."}, {"source": "..."} or {"sources": ["..."]}; or, for one that ' +
  'gives rewards, {"messages": [{"role", "content"}, ...]}' +
  '; --text-field and --pair-field name other fields'

function givenOf(read: z.output<typeof anyRecord>): Given {
  if ('words' in read) return { text: read.words.join(' '), ...read }
  if ('prompt' in read) return { text: read.prompt }
  if ('source' in read) return { text: read.source }
  return 'sources' in read ? { text: read.sources.join(' | '), ...read } : read
}

type RecordFields = Pick<z.output<typeof predictOptions>, 'textField' | 'pairField'>

/** Reads records of any form; with fields that are named, what these hold. */
function recordReader(fields: RecordFields): (value: unknown, where: string) => Given {
  if (!isNamed(fields))
    return (value, where) => {
      const isPreference = isObject(value) && ['chosen', 'rejected'].every((name) => name in value)
      const preference = isPreference && { preference: where }
      if (!isObject(value) || !('messages' in value))
        return { ...givenOf(parseRecord(anyRecord, value, { where, expected })), ...preference }
      const messages = parseMessages(value.messages, 'messages', where)
      return { text: plainDialogue(messages), messages, ...preference }
    }
  const { shape, read } = textFields(fields)
  const schema = z.object(shape)
  const named = Object.keys(shape).map((name) => `"${name}": "..."`)
  return (value, where) =>
    read(parseRecord(schema, value, { where, expected: `{${named.join(', ')}}` }))
}

const isNamed = ({ textField, pairField }: RecordFields): boolean =>
  textField !== undefined || pairField !== undefined

/** The texts of files: records of JSON files and tables, lines of others. */
async function readTexts(
  { data, encoding, encodingErrors, ...fields }: z.output<typeof predictOptions>,
  { onMessage, signal }: Pick<PredictOptions, 'onMessage' | 'signal'>,
): Promise<Given[]> {
  const parse = recordReader(fields)
  const given: Given[] = []
  const report = printDataEvents(onMessage)
  for (const source of data) {
    const corpus = await openCorpus([source], { encoding, encodingErrors, report, signal })
    try {
      if (corpus.files.every(({ format }) => format === 'text')) {
        if (isNamed(fields))
          throw new UserError(
            `${source}: is plain text, a text on each line, and --text-field and --pair-field ` +
              'name fields of records; leave them out',
          )
        let rest = ''
        for await (const { text, end } of corpus.documents()) {
          const lines = (rest + text).split(/\r?\n/)
          rest = end ? '' : (lines.pop() as string)
          for (const line of lines) if (line) given.push({ text: line })
        }
      } else {
        for await (const one of parsedRecords(corpus, parse)) given.push(one)
      }
    } finally {
      await corpus.close()
    }
  }
  return given
}

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** Words and marks of a text in any script, by Unicode's rules (UAX 29) and dictionaries. */
const wordsOf = (text: string): string[] =>
  Array.from(segmenter.segment(text), ({ segment }) => segment).filter((word) => word.trim())
