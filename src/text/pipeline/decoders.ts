import { byteOfCharacter } from '../bpe/bytes.ts'
import type { StreamDecoder } from '../tokenizer.ts'
import { readPattern } from './pattern.ts'
import { checkGrowth, type Kinds, makeStep, readSteps, replacementOf } from './steps.ts'

/** Makes text of tokens: each step gives other tokens, and the last ones are joined. */
export type Decoder = (tokens: readonly string[]) => string

type Step = (tokens: readonly string[]) => readonly string[]

/** The decoder of a tokenizer.json. Throws UserError for one that is not known here. */
export function readDecoder(json: unknown): Decoder {
  const steps = readSteps(json, 'decoder', 'decoders').map((step) => makeStep(kinds, step))
  if (steps.length === 0) return (tokens) => tokens.join(' ')
  return (tokens) =>
    steps
      .reduce((result, step) => {
        const next = step(result)
        checkGrowth('decoder', lengthOf(tokens), lengthOf(next))
        return next
      }, tokens)
      .join('')
}

const lengthOf = (tokens: readonly string[]): number =>
  tokens.reduce((sum, token) => sum + token.length, 0)

const kinds: Kinds<Step> = {
  ByteLevel: () => (tokens) => [utf8.decode(Uint8Array.from(tokens.flatMap(bytesOfToken)))],
  WordPiece: ({ prefix = '##', cleanup }) => {
    const mark = String(prefix)
    const tidy = cleanup === false ? (text: string) => text : cleanUp
    return (tokens) =>
      tokens.map((token, i) => {
        if (i === 0) return tidy(token)
        return tidy(token.startsWith(mark) ? token.slice(mark.length) : ` ${token}`)
      })
  },
  Metaspace: ({ replacement = '▁', prepend_scheme, add_prefix_space }) => {
    const mark = String(replacement)
    const scheme = prepend_scheme ?? (add_prefix_space === false ? 'never' : 'always')
    return (tokens) =>
      tokens.map((token, i) => token.replaceAll(mark, i === 0 && scheme !== 'never' ? '' : ' '))
  },
  BPEDecoder: ({ suffix = '</w>' }) => {
    const mark = String(suffix)
    return (tokens) =>
      tokens.map((token, i) => token.replaceAll(mark, i === tokens.length - 1 ? '' : ' '))
  },
  Replace: ({ pattern, content }, where) => {
    const expression = readPattern(pattern, where)
    const replacement = replacementOf(content, where)
    return (tokens) => tokens.map((token) => token.replace(expression, () => replacement))
  },
  ByteFallback: () => joinBytes,
  Fuse: () => (tokens) => [tokens.join('')],
  Strip: ({ content = ' ', start = 0, stop = 0 }) => {
    const character = String(content)
    return (tokens) =>
      tokens.map((token) => {
        let [from, to] = [0, token.length]
        while (from < Math.min(to, Number(start)) && token[from] === character) from++
        while (to > from && token.length - to < Number(stop) && token[to - 1] === character) to--
        return token.slice(from, to)
      })
  },
}

/** A byte order mark is text like any other. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** What a token of the byte alphabet spells; one with other characters stands for itself. */
function bytesOfToken(token: string): number[] {
  const bytes = Array.from(token, (character) => byteOfCharacter[character.charCodeAt(0)] ?? 0)
  return bytes.includes(0) ? [...encoder.encode(token)] : bytes.map((byte) => byte - 1)
}

/** Runs of `<0xE4>` and the like become the text that they spell. */
function joinBytes(tokens: readonly string[]): string[] {
  const result: string[] = []
  let bytes: number[] = []
  const flush = () => {
    if (bytes.length > 0) result.push(utf8.decode(Uint8Array.from(bytes)))
    bytes = []
  }
  for (const token of tokens) {
    const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1]
    if (hex) bytes.push(Number.parseInt(hex, 16))
    else {
      flush()
      result.push(token)
    }
  }
  flush()
  return result
}

/** Removes the blanks that cutting at punctuation adds, as transformers does for English. */
export function cleanUp(text: string): string {
  return text
    .replace(/ ([.?!,])/g, '$1')
    .replaceAll(" ' ", "'")
    .replace(/ (n't|'m|'s|'ve|'re)/g, '$1')
}

/** Cleans up a stream, one word late: what is removed begins with a blank. */
export function cleanedUp(decoder: StreamDecoder): StreamDecoder {
  let held = ''
  return {
    push: (id) => {
      held += decoder.push(id)
      let end = held.lastIndexOf(' ')
      // Behind these a blank may go together with what is before it.
      while (end > 0 && / [n']?$/.test(held.slice(0, end))) end = held.lastIndexOf(' ', end - 1)
      const text = held.slice(0, Math.max(0, end))
      held = held.slice(text.length)
      return cleanUp(text)
    },
    ...(decoder.peek && { peek: decoder.peek }),
    end: () => cleanUp(held + decoder.end()),
  }
}
