import type { Command } from 'commander'
import { z } from 'zod'
import { decodeText } from '../../data/sources/decode-text.ts'
import { readingOptions } from '../../data/sources/reading-options.ts'
import { trainTokenizerOptions } from '../../data/train-tokenizer.ts'
import { UserError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { readingHelp } from '../help/reading.ts'

const where = {
  tokenizer: '`DIR` folder of a model, a tokenizer.json, vocab.txt, *.model or *.gguf',
}

const train = defineCommand({
  name: 'train',
  summary: 'Train a tokenizer on text; saved as OUT/tokenizer.json.',
  options: trainTokenizerOptions,
  help: {
    Tokenizer: {
      data: '`SOURCE` text: files, folders, patterns, npm:PACKAGE/PATH, or - for standard input',
      out: '`DIR` folder of the result',
      kind: 'byte-level BPE, or characters',
      vocab: 'tokens of a bpe vocabulary',
      split: 'how text is cut into words, which no token of bpe crosses',
      for:
        'the model that it is for, which decides about special tokens (BERT: encoder, T5: ' +
        'encoder-decoder)',
      threads: 'threads to count words with (default: as many as the machine runs at once)',
      ...readingHelp,
    },
  },
  examples: [
    'chatwright tokenizer train --data book.txt --out my-tokenizer --vocab 8192',
    "chatwright tokenizer train --data 'poems/*.txt' --out my-tokenizer --split chinese",
    'chatwright tokenizer train --data book.txt --out my-tokenizer --for encoder',
  ],
  run: async (options) => {
    const { trainTokenizer } = await import('../../data/train-tokenizer.ts')
    const { vocabSize } = await trainTokenizer(options, { onMessage: console.error })
    const result = { out: options.out, vocabSize }
    return { result, text: `${vocabSize} tokens; in ${options.out}` }
  },
})

const encode = defineCommand({
  name: 'encode',
  summary: 'Text to token ids.',
  options: z.strictObject({
    text: z.string().optional(),
    tokenizer: z.string().min(1),
    specials: z.boolean().default(false),
    encoding: readingOptions.encoding,
  }),
  argument: { name: 'text', help: 'the text (default: standard input)', required: false },
  help: {
    Tokenizer: {
      ...where,
      specials: 'special tokens written in the text become their ids',
      encoding:
        'how the characters of standard input are written: gb18030, big5, utf-16le, ... ' +
        '(default: utf-8)',
    },
  },
  examples: ["chatwright tokenizer encode --tokenizer my-model 'Call me Ishmael.'"],
  run: async ({ text, tokenizer, specials, encoding }) => {
    if (text !== undefined && encoding !== undefined)
      throw new UserError('--encoding is of standard input; leave it out where the text is given')
    const { readTokenizer } = await import('../../train/tokenizer-for.ts')
    const found = await readTokenizer(tokenizer)
    const ids = found.encode(text ?? (await readStandardInput(encoding)), { specials })
    return { result: { ids }, text: ids.join(' ') }
  },
})

const decode = defineCommand({
  name: 'decode',
  summary: 'Token ids to text.',
  options: z.strictObject({
    ids: z.array(z.number().int().min(0)).optional(),
    tokenizer: z.string().min(1),
    specials: z.boolean().default(false),
  }),
  argument: { name: 'ids', help: 'the ids (default: from standard input)', required: false },
  help: { Tokenizer: { ...where, specials: 'show special tokens' } },
  examples: ['chatwright tokenizer decode --tokenizer my-model 7 42 99'],
  run: async ({ ids, tokenizer, specials }) => {
    const { readTokenizer } = await import('../../train/tokenizer-for.ts')
    const found = await readTokenizer(tokenizer)
    const given = ids ?? readIds(await readStandardInput())
    const outside = given.find((id) => id >= found.vocabSize)
    if (outside !== undefined) {
      throw new UserError(`there is no token ${outside}: ids end at ${found.vocabSize - 1}`)
    }
    const text = found.decode(given, { specials })
    return { result: { text }, text }
  },
})

const readIds = (text: string): number[] =>
  text
    .split(/[\s,[\]]+/)
    .filter((word) => word !== '')
    .map((word) => {
      if (/^\d+$/.test(word)) return Number(word)
      throw new UserError(`'${word}' is no token id: expected whole numbers`)
    })

export const tokenizer = (parent: Command): void => {
  const command = parent.command('tokenizer').description('Train a tokenizer, or use one.')
  for (const add of [train, encode, decode]) add(command)
}

/**
 * All of standard input. Throws UserError where it is not text in this encoding (default: UTF-8),
 * where it is too long, and on a terminal, where nobody knows that it is awaited.
 */
async function readStandardInput(encoding?: string): Promise<string> {
  if (process.stdin.isTTY) throw new UserError('nothing was given; name it, or pipe it in')
  const parts: string[] = []
  let length = 0
  for await (const part of decodeText(process.stdin, 'standard input', { encoding })) {
    parts.push(part)
    length += part.length
    if (length > LONGEST)
      throw new UserError(
        `standard input has more than ${LONGEST.toLocaleString('en')} characters; divide it`,
      )
  }
  return parts.join('')
}

/** A string holds a few more; ids take ten times the memory of the text. */
const LONGEST = 400_000_000
